"""The one kind of error that is the user's to mend: its message says what was expected, what came, and where."""


class InputError(ValueError):
    """A file, option or text that cannot be used. The command line shows it as one line and exits with 2."""
