"""Prints one class of a guide, the first one of its name, with the guide's base address replaced.

usage: guide_code.py GUIDE LANGUAGE CLASS BASE_URL
The code is read at run time, so what runs is what the guide says today.
"""

import re
import sys

EXAMPLE_BASE = "https://api.llm-governance.example.com/api/v1"


def blocks(guide: str, language: str) -> list[str]:
    """The code blocks of one language, in their order."""
    with open(guide, encoding="utf-8") as file:
        return re.findall(rf"^```{language}\n(.*?)^```", file.read(), re.DOTALL | re.MULTILINE)


def class_code(guide: str, language: str, name: str) -> str:
    """The block with the class, up to the example of its use."""
    for block in blocks(guide, language):
        code = re.split(r"^(?:#|//) Usage", block, flags=re.MULTILINE)[0]
        if re.search(rf"^class {name}\b", code, re.MULTILINE):
            return code
    sys.exit(f"{guide} has no {language} class {name}")


def main() -> None:
    guide, language, name, base = sys.argv[1:]
    print(class_code(guide, language, name).replace(EXAMPLE_BASE, base))


if __name__ == "__main__":
    main()
