// For whoever has no mouse, or hears the page: what Flutter's tree for screen readers lacks, and the way through it.
"use strict";
(() => {
  const TREE = "flt-semantics-host";
  const STOP = '[tabindex="0"], input:enabled, textarea:enabled';
  const ENTRY = '[role="menuitem"][tabindex="0"]';
  const OPENED = `${TREE} :is(${ENTRY}, [role="dialog"], [role="alertdialog"])`;
  const COLUMN = '[flt-semantics-identifier^="column-"]';
  const CODE = '[flt-semantics-identifier="code"]';
  const TYPED = '[data-semantics-role="text-field"]';
  const WAIT_MS = 300;
  const MADE_MS = 3000;
  const STEPS = { ArrowDown: 1, ArrowUp: -1 };
  // Flutter names what is around a slider, an editor or text that can be marked, and what is in a dialog, and not what a
  // screen reader says the name of.
  const NAMELESS = `${TREE} :is(input, textarea, [role="dialog"], [role="alertdialog"]):not([aria-label]),
    ${TREE} [tabindex="0"]:not([aria-label], [role], :has(> span))`;

  let keys = false;  // are what is used now, not a mouse or a finger
  let last = null;  // what was focused in the tree, and its number there: scrolling may take it away and bring it again
  let number = "";
  let left = false;  // whether the way led out of the page
  const focused = () => document.activeElement;
  const inTree = (node) => node.closest(TREE) !== null;
  const forget = () => { [last, number] = [null, ""]; };
  const numbered = (node) => node.id || node.parentElement.id;
  function current() {
    if (inTree(focused())) return focused();
    if (last?.isConnected) return last;
    const again = document.getElementById(number);
    return again && (again.matches(STOP) ? again : again.querySelector(STOP));
  }
  const opened = () => document.querySelector(OPENED) !== null;

  // In the order in which it is read: that of the tree, but Flutter has a column first that is scrolled out of view.
  function collect(node, what, found) {
    const columns = [...node.children].filter((child) => child.matches(COLUMN));
    const place = (column) => column.getAttribute("flt-semantics-identifier");
    const sorted = columns.toSorted((one, other) => place(one).localeCompare(place(other)));
    for (const child of node.children) {
      const next = columns.includes(child) ? sorted.shift() : child;
      if (next.matches(what)) found.push(next);
      collect(next, what, found);
    }
    return found;
  }

  function step(what, by, around = true) {
    const found = collect(document.querySelector(TREE), what, []);
    const here = found.indexOf(current());
    const next = here < 0 ? (by > 0 ? 0 : found.length - 1) : here + by;
    const inside = next >= 0 && next < found.length;
    if (inside || around) found.at(next % found.length)?.focus();
    return inside;
  }

  let mending = 0;
  function mend() {
    mending = 0;
    for (const node of document.querySelectorAll(NAMELESS)) {
      const near = node.closest("[aria-label]") || node.querySelector("[aria-label]");
      const named = near || node.parentElement.querySelector(":scope > [aria-label]");
      if (!named) continue;
      node.ariaLabel = named.ariaLabel.split("\n", 1)[0];
      if (node.localName === "flt-semantics") node.role ??= "group";
    }
    // Menus and most dialogs open with nothing in them focused.
    if (keys && !inTree(focused()) && opened()) step(STOP, 1);
  }
  new MutationObserver(() => { mending ||= requestAnimationFrame(mend); }).observe(document.body, {
    subtree: true, childList: true, attributes: true, attributeFilter: ["aria-label", "tabindex"],
  });

  // What is focused has a ring around it. Fields have one of their own.
  const ring = document.createElement("div");
  ring.id = "ring";
  ring.hidden = true;
  document.body.append(ring);
  let drawing = 0;
  function draw() {
    // Flutter may put a node elsewhere in the tree, as it scrolls, and take the focus from it by that.
    if (keys && !left && !inTree(focused()) && document.hasFocus()) current()?.focus();
    const node = focused();
    drawing = keys ? requestAnimationFrame(draw) : 0;
    ring.hidden = !keys || !inTree(node) || node.matches(TYPED);
    if (ring.hidden) return;
    const box = node.getBoundingClientRect();
    for (const each of ["left", "top", "width", "height"]) ring.style[each] = `${box[each]}px`;
  }

  // By itself Flutter goes through what is at one height, from the rail to the content and back. From the last stop the
  // way leads to the browser's own bars, and from there to the first; what has opened is gone round in.
  let waited = "";
  function more(node, by) {
    for (let up = node; up; up = up.parentElement) {
      const scrolls = up.querySelector(":scope > flt-semantics-scroll-overflow");
      if (scrolls && (by > 0 ? up.scrollTop + up.clientHeight + 1 < up.scrollHeight : up.scrollTop > 1)) return true;
    }
    return false;
  }
  function tab(event) {
    const by = event.shiftKey ? -1 : 1;
    if (left) forget();
    const from = number;
    const lost = from && !current();
    const inside = !lost && (step(STOP, by, opened()) || opened());
    // While something scrolls the tree may have no more yet: it is looked at again, and only then left.
    const soon = !inside && waited !== from && (lost || more(current(), by));
    waited = soon ? from : "";
    if (soon) setTimeout(() => { if (number === from) step(STOP, by, false); }, WAIT_MS);
    left = !inside && !soon && !event.repeat;  // whoever holds Tab down does not mean to leave
    if (!left) event.preventDefault();
  }
  addEventListener("focusin", ({ target }) => {
    if (!inTree(target)) return;
    const back = left;
    left = false;
    last = target;
    number = numbered(target);
    if (back) collect(document.querySelector(TREE), STOP, [])[0].focus();  // where Flutter would go on where it was
  });

  // A sign by itself, where nobody writes: to what a list is searched or filtered by, and what shows all keys.
  const SIGNS = {
    "/": () => { const found = within("search") || within("filters"); found?.focus(); return found; },
    "?": () => { const found = within("keys"); found?.click(); return found; },
  };
  const WRITTEN = 'textarea, input:not([type="range"])';
  function within(identifier) {
    const found = document.querySelector(`${TREE} [flt-semantics-identifier="${identifier}"]`);
    return found && (found.matches(STOP) ? found : found.querySelector(STOP));
  }
  function sign(key, until) {
    // The tree may only just be made.
    if (!SIGNS[key]() && performance.now() < until) requestAnimationFrame(() => sign(key, until));
  }

  // Flutter is not told of keys that are acted on here.
  let ours = "";
  let escaped = false;
  addEventListener("keydown", (event) => {
    const plain = !event.ctrlKey && !event.altKey && !event.metaKey;
    let acted = false;
    if (event.key === "Tab" && plain) {
      keys = true;
      drawing ||= requestAnimationFrame(draw);
      // The tree is made when Tab is first pressed, which Flutter still acts on.
      const untold = document.querySelector("flt-semantics-placeholder");
      untold?.click();
      // Tab indents code; after Escape it leads on.
      acted = !untold && (escaped || !focused().closest(CODE));
      if (acted) tab(event);
    } else if (event.key in SIGNS && plain && !focused().matches(WRITTEN) && !opened()) {
      acted = true;
      event.preventDefault();
      keys = true;
      drawing ||= requestAnimationFrame(draw);
      document.querySelector("flt-semantics-placeholder")?.click();
      sign(event.key, performance.now() + MADE_MS);
    } else if (event.key in STEPS && plain && focused().matches(ENTRY)) {
      acted = true;
      event.preventDefault();
      step(ENTRY, STEPS[event.key]);
    }
    escaped = event.key === "Escape";
    ours = acted ? event.code : "";
    if (acted) event.stopImmediatePropagation();
  }, true);
  addEventListener("keyup", (event) => {
    if (event.code === ours) event.stopImmediatePropagation();
  }, true);
  addEventListener("pointerdown", ({ target }) => {
    keys = left = false;
    const stop = inTree(target) && target.closest(STOP);
    if (stop) [last, number] = [stop, numbered(stop)];  // from where Tab goes on
    else forget();
  }, true);
})();
