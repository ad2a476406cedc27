"""What a person can read on a page in a real browser, and whether it is Chinese."""

import re
from collections.abc import Set

from playwright.sync_api import Page

# Commands, keys on a keyboard, endings of files, addresses of folders, user names: no Chinese word stands for them.
FILE_NAME = re.compile(r"\S+\.(?:xlsx|xls|ods|csv)\b")  # lists other tests have brought in
NOT_WORDS = re.compile(
    r"manage\.py( [a-z-]+)*|--https|Alt( \+ H)?|Ctrl\+P|/\S+|care-\S+\.db"
    r"|\b(xlsx|xlsm|xls|ods|csv|tsv|txt|html|Word|PDF|pdf|docx)\b"
)
READABLE = """() => {
  const found = [];
  const seen = (each) => {
    const box = each.getBoundingClientRect(), style = getComputedStyle(each);
    return box.width > 0 && box.height > 0 && style.visibility !== 'hidden' && parseFloat(style.fontSize) > 0;
  };
  const clipped = (each) => {  // kept for screen readers, whose words can't be changed from here
    for (let above = each; above; above = above.parentElement) {
      const style = getComputedStyle(above);
      if (style.clip === 'rect(0px, 0px, 0px, 0px)' || style.clipPath === 'inset(50%)') return true;
    }
    return false;
  };
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const owner = walk.currentNode.parentElement;
    if (['SCRIPT', 'STYLE', 'NOSCRIPT'].includes(owner.tagName)) continue;
    if (owner.closest('[data-testid="stIconMaterial"], [translate="no"]')) continue;  // icons are ligatures
    if (seen(owner) && !clipped(owner)) found.push(walk.currentNode.textContent);
  }
  for (const each of document.querySelectorAll('[placeholder]')) {
    if (seen(each) && !each.value) found.push(each.placeholder);
  }
  return found;
}"""


def english_on(page: Page, *, known: Set[str] = frozenset()) -> set[str]:
    """Words of Latin letters that a person can read on the page."""
    texts = [NOT_WORDS.sub("", FILE_NAME.sub("", text)) for text in page.evaluate(READABLE)]
    words = {word for text in texts for word in re.findall(r"[A-Za-z]{3,}", text)}
    return {word for word in words if word.lower() not in known}
