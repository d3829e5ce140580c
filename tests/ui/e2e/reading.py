"""What is wrong with a view for whoever hears it or has no mouse, by the tree that Flutter makes for them."""

from __future__ import annotations

from playwright.sync_api import Page

_FAULTS = """() => {
  const PRESSED = ["button", "switch", "checkbox", "radio", "menuitem", "tab", "link"].map((r) => `[role=${r}]`).join();
  const STOPS = `[tabindex="0"], [flt-tappable], input, textarea, ${PRESSED}`;
  const all = [...document.querySelectorAll("flt-semantics-host *")];
  const own = (part) => (part.nodeType === Node.TEXT_NODE || part.tagName === "SPAN" ? part.textContent : "");
  const name = (node) => (node.ariaLabel || [...node.childNodes].map(own).join("")).trim();
  const lines = (node) => name(node).split("\\n").map((line) => line.trim()).filter(Boolean);
  const told = (node) => `${node.role || node.localName} “${lines(node).join(" | ")}”`;
  const found = [];

  const alike = new Map();
  const scrolled = (node) => node.querySelector(":scope > flt-semantics-scroll-overflow");
  for (const node of all.filter((node) => node.matches(STOPS) && !scrolled(node))) {
    const off = node.ariaDisabled === "true" || node.disabled;
    if (!name(node)) found.push(`has no name: ${told(node)} in ${told(node.parentElement)}`);
    if (!off && node.tabIndex !== 0) found.push(`is not reached by Tab: ${told(node)}`);
    const outer = node.parentElement.closest(PRESSED);
    if (outer) found.push(`is within something to press, ${told(outer)}: ${told(node)}`);
    const said = lines(node);
    if (said.indexOf(said[0], 1) > 0) found.push(`says its name twice: ${told(node)}`);
    if (said.length > 1) continue;  // a row, which says all that is seen of it
    const around = node.parentElement.closest("[role=group][aria-label], [role=dialog], [role=alertdialog]");
    const key = `${node.role || node.localName} “${said[0]}” in “${around ? lines(around)[0] : ""}”`;
    alike.set(key, (alike.get(key) || 0) + 1);
  }
  for (const [key, count] of alike) if (count > 1) found.push(`cannot be told apart, ${count} times: ${key}`);

  for (const node of all) {
    if (["dialog", "alertdialog", "img"].includes(node.role) && !name(node)) found.push(`has no name: ${told(node)}`);
    if (lines(node).some((line, at, every) => line === every[at - 1])) found.push(`says a thing twice: ${told(node)}`);
  }
  const heads = all.filter((node) => node.localName === "h1");
  const opened = all.some((node) => ["dialog", "alertdialog", "menuitem"].includes(node.role));
  if (heads.length !== (opened ? 0 : 1)) found.push(`has not one main heading: ${heads.map(told)}`);
  return found;
}"""


def faults(tab: Page) -> list[str]:
    """What in view has no name or one that is said twice, is not reached by Tab, lies within something else to press,
    or cannot be told from another of the same name; and whether there is one main heading, or a dialog or menu instead.

    Two of a name are told apart by the group that they are in, which is read out on the way in.
    """
    found: list[str] = tab.evaluate(_FAULTS)
    return found
