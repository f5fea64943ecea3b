# The public names, each with the module it comes from. ``__init__.py`` imports one when it is first used.
from classifier.corpus.corpus_folder import content_hash as content_hash
from classifier.corpus.corpus_folder import read_corpus as read_corpus
from classifier.corpus.corpus_folder import read_message_tables as read_message_tables
from classifier.corpus.describe import conversation_counts as conversation_counts
from classifier.corpus.describe import label_counts as label_counts
from classifier.corpus.describe import vocabulary_growth as vocabulary_growth
from classifier.errors import InputError as InputError
from classifier.evaluation.base_rates import base_rate_table as base_rate_table
from classifier.evaluation.message_metrics import message_metrics as message_metrics
from classifier.evaluation.rates import Rate as Rate
from classifier.evaluation.rates import false_positive_rate as false_positive_rate
from classifier.evaluation.rates import true_positive_rate as true_positive_rate
from classifier.evaluation.slice_rates import false_alarms_by as false_alarms_by
from classifier.evaluation.thresholds import best_f1_threshold as best_f1_threshold
from classifier.evaluation.thresholds import message_threshold as message_threshold
from classifier.evaluation.thresholds import threshold_for_fpr as threshold_for_fpr
from classifier.model.conversation.file import load_conversation_model as load_conversation_model
from classifier.model.conversation.monitor import Monitor as Monitor
from classifier.model.conversation.monitor import MonitoredScorer as MonitoredScorer
from classifier.model.dataframe_scoring import score_frame as score_frame
from classifier.model.message.batch import BatchScorer as BatchScorer
from classifier.model.message.explain import explain as explain
from classifier.model.message.explain import in_words as in_words
from classifier.model.message.file import load_classifier as load_classifier
from classifier.model.message.file import load_model as load_model
from classifier.model.message.file import save_model as save_model
from classifier.model.message.operating_points import MAX_FALSE_ALARMS as MAX_FALSE_ALARMS
from classifier.model.message.operating_points import OPERATING_POINTS as OPERATING_POINTS
from classifier.model.message.operating_points import MessageOperatingPoint as MessageOperatingPoint
from classifier.model.message.stage_classifier import StageClassifier as StageClassifier
from classifier.model.message.stage_classifier import fit_message_model as fit_message_model
from classifier.model.message.stage_classifier import predict_messages as predict_messages
from classifier.model.shipped_models import conversation_model_path as conversation_model_path
from classifier.model.shipped_models import shipped_model as shipped_model
from classifier.model.shipped_models import train_split_model as train_split_model
from classifier.privacy.constraints.feasibility import feasible_points as feasible_points
from classifier.privacy.message_streams import MessageScores as MessageScores
from classifier.privacy.message_streams import streams_from_conversations as streams_from_conversations
from classifier.privacy.message_streams import streams_from_scores as streams_from_scores
from classifier.privacy.policies.policy import read_policy as read_policy
from classifier.privacy.policies.policy import shipped_policies as shipped_policies
from classifier.privacy.policies.policy_explanation import explain_policy as explain_policy
from classifier.privacy.simulate.policy_scorer import PolicyScorer as PolicyScorer
from classifier.privacy.tradeoff.frontier import compare_policies as compare_policies
from classifier.readers.messages_table import families_used as families_used
from classifier.readers.messages_table import messages_table as messages_table
from classifier.report.table_plots import interval_plot as interval_plot
from classifier.report.table_plots import line_plot as line_plot
from classifier.report.table_plots import to_svg as to_svg
from classifier.report.tradeoff.frontier_plots import frontier_plot as frontier_plot
from classifier.report.tradeoff.frontier_plots import heatmap_plot as heatmap_plot
from classifier.report.tradeoff.printed_points import ppv_cells as ppv_cells
from classifier.report.tradeoff.printed_points import with_intervals as with_intervals
from classifier.taxonomy import BENIGN as BENIGN
from classifier.taxonomy import COLUMNS as COLUMNS
from classifier.taxonomy import LABELS as LABELS
from classifier.taxonomy import PATTERN as PATTERN
from classifier.taxonomy import STAGES as STAGES
from classifier.workflows.conversation_evaluation.conversation_scores import (
    message_probabilities as message_probabilities,
)
from classifier.workflows.conversation_evaluation.conversation_scores import (
    score_conversations as score_conversations,
)
from classifier.workflows.conversation_evaluation.conversation_tables import early_warning as early_warning
from classifier.workflows.conversation_evaluation.conversation_tables import recall_by_k as recall_by_k
from classifier.workflows.message_evaluation.baselines import BASELINES as BASELINES
from classifier.workflows.training.grid_search import combinations as combinations
from classifier.workflows.training.grid_search import measure_grid as measure_grid
from classifier.workflows.training.operating_point_choice import (
    choose_operating_points as choose_operating_points,
)
from classifier.workflows.two_evaluations.compared_scores import message_scores_of as message_scores_of
from classifier.workflows.two_evaluations.paired_differences import paired_differences as paired_differences

__version__: str
