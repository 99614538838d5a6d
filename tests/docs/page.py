"""Takes a Markdown file apart into code blocks and what is outside of them."""
import re


class Block:
    """A code block: where it begins, its language ("" if none is given), its text, and why it is not checked."""

    def __init__(self, line, language, lines, skip):
        self.line, self.language, self.lines, self.skip = line, language, lines, skip

    @property
    def text(self):
        return "\n".join(self.lines) + "\n"


class Page:
    """A Markdown file, taken apart into code blocks and what is outside of them."""

    def __init__(self, path):
        self.path, self.blocks, self.prose = path, [], []
        lines = path.read_text(encoding="utf-8").split("\n")
        skip, content, number = None, 0, 0  # `content`: the column at which the text of the list item around us begins
        blank_before = True
        while number < len(lines):
            line = lines[number]
            comment = re.match(r"\s*<!-- docs-check: skip: (.+) -->\s*$", line)
            fence = re.match(r"( *)(```+)\s*([\w-]*)", line)
            indent = len(line) - len(line.lstrip(" "))
            if comment:
                skip = comment[1]
                number += 1
            elif fence:
                begin, body = number + 1, []
                number += 1
                while number < len(lines) and not re.match(r" *" + fence[2], lines[number]):
                    body.append(lines[number][len(fence[1]):])
                    number += 1
                self.blocks.append(Block(begin, fence[3], body, skip))
                skip, number = None, number + 1
            elif line.strip() and indent >= content + 4 and blank_before:
                begin, body = number + 1, []
                while number < len(lines) and (not lines[number].strip() or
                                               len(lines[number]) - len(lines[number].lstrip(" ")) >= content + 4):
                    body.append(lines[number][content + 4:])
                    number += 1
                self.blocks.append(Block(begin, "", body, skip))
                skip, blank_before = None, True
                continue
            else:
                item = re.match(r"( *)(?:[-*+]|\d+\.) +", line)
                if item:
                    content = len(item[0])
                elif line.strip() and indent < content and blank_before:
                    content = 0
                if line.strip():
                    skip = None
                self.prose.append((number + 1, line))
                number += 1
            blank_before = not line.strip()

    def anchors(self):
        found, seen = set(), {}
        for _, line in self.prose:
            found.update(re.findall(r'<a (?:name|id)="([^"]+)"', line))
            heading = re.match(r"#{1,6} +(.*?)#*\s*$", line)
            if not heading:
                continue
            words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading[1]).replace("`", "").strip().lower()
            slug = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
            found.add(slug if slug not in seen else f"{slug}-{seen[slug]}")
            seen[slug] = seen.get(slug, 0) + 1
        return found
