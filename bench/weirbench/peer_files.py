"""Configurations of bench/peers/, with this run's ports and folders filled in."""

import re

from weirbench.setting import BENCH


def filled_in(template, values):
    """A template's text with every @NAME@ replaced; a name without a value is a mistake of ours."""
    return re.sub(r"@([A-Z_]+)@", lambda match: str(values[match[1]]), template)


def write_configuration(setting, template, values):
    """Writes bench/peers/TEMPLATE.in, filled in, into the temporary folder; gives its path."""
    text = (BENCH / "peers" / f"{template}.in").read_text()
    path = setting.folder / f"{values['PORT']}-{template}"
    path.write_text(filled_in(text, values))
    return path
