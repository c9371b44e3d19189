"""Prints one class of the guide, the first one of its name, with the guide's base address replaced.

usage: guide_code.py GUIDE LANGUAGE CLASS BASE_URL
The code is read at run time, so what runs is what the guide says today.
"""

import re
import sys

EXAMPLE_BASE = "https://api.llm-governance.example.com/api/v1"


def main() -> None:
    guide, language, name, base = sys.argv[1:]
    with open(guide, encoding="utf-8") as file:
        blocks = re.findall(rf"^```{language}\n(.*?)^```", file.read(), re.DOTALL | re.MULTILINE)
    for block in blocks:
        code = re.split(r"^(?:#|//) Usage", block, flags=re.MULTILINE)[0]
        if re.search(rf"^class {name}\b", code, re.MULTILINE):
            print(code.replace(EXAMPLE_BASE, base))
            return
    sys.exit(f"{guide} has no {language} class {name}")


if __name__ == "__main__":
    main()
