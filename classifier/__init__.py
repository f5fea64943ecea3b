"""Warning signs of online grooming in synthetic conversations: a classifier, and what reading costs in privacy.

For research, prototyping and teaching. Scores are for a person to review, never for automated action against a person.
"""

__version__ = "0.1.0"
