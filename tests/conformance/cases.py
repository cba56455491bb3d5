"""cases - the table of cases, in the order in which their modules have them."""
CASES = []  # (section, what the switch must do, function)


class Skip(Exception):
    """The machine lacks what the case needs."""


def must(section, what):
    def note(function):
        CASES.append((section, what, function))
        return function

    return note
