"""Each page quotes its configuration whole, and the index names every page."""

import re

from recipe_checks.testbed import RECIPES

# A block of a page that is a file of the folder: a comment that names it, and then the block.
QUOTE = re.compile(r"<!-- the file (\S+) -->\n```\w*\n(.*?)\n?```\n", re.DOTALL)


def check(bed):
    index = (RECIPES / "README.md").read_text()
    for config in sorted(RECIPES.glob("*.yaml")):
        page = config.with_suffix(".md")
        if not page.exists():
            bed.count.that(False, f"{page.name} describes {config.name}")
            continue
        quotes = QUOTE.findall(page.read_text())
        bed.count.that(config.name in [name for name, _ in quotes], f"{page.name} quotes {config.name}", quotes)
        for name, text in quotes:
            file = RECIPES / name
            bed.count.that(
                file.exists() and file.read_text() == text + "\n", f"{page.name} quotes {name} word for word", text
            )
        bed.count.that(f"({page.name})" in index, f"the index names {page.name}")
