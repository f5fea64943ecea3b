"""Warning signs of online grooming in synthetic conversations.

A classifier of messages and conversations, and an evaluation of privacy versus detection. For research,
prototyping and teaching: scores are for a person to review, never for automated action against a
person.
"""

__version__ = "0.1.0"
