// A table that is updated in place: rows are keyed, cells change only where their text does.

import { h, setAttribute, setText } from "./dom.js";

/**
 * `columns`: {label, cell(row) → text or {text, title, level, mark}, numeric, sort(row) → value}.
 * `key(row)` names a row. With `sortable`, headings are buttons. `limit` rows are shown at most.
 */
export class KeyedTable {
  constructor({ columns, key, caption = "", sortable = false, limit = 500 }) {
    this.columns = columns;
    this.key = key;
    this.limit = limit;
    this.order = null;
    this.rows = [];
    this.nodes = new Map();
    this.body = h("tbody");
    this.headings = columns.map((column, index) =>
      h(
        "th",
        { scope: "col", class: column.numeric ? "number" : null },
        sortable ? h("button", { type: "button", class: "sort", onclick: () => this.sortBy(index) }, column.label) : column.label,
      ),
    );
    this.element = h(
      "table",
      { class: "keyed" },
      caption ? h("caption", { class: "hidden" }, caption) : null,
      h("thead", {}, h("tr", {}, ...this.headings)),
      this.body,
    );
  }

  sortBy(index) {
    const down = this.order?.index === index ? !this.order.down : false;
    this.order = { index, down };
    this.headings.forEach((heading, i) => setAttribute(heading, "aria-sort", i === index ? (down ? "descending" : "ascending") : null));
    this.update(this.rows);
  }

  /** Show these rows; returns how many of them there was room for. */
  update(rows) {
    this.rows = rows;
    const shown = this.sorted(rows).slice(0, this.limit);
    const wanted = new Set();
    let before = null;
    for (const row of shown) {
      const key = this.key(row);
      if (wanted.has(key)) continue;
      wanted.add(key);
      const node = this.nodes.get(key) ?? this.create(key);
      this.write(node, row);
      const place = before === null ? this.body.firstChild : before.nextSibling;
      if (node !== place) this.body.insertBefore(node, place);
      before = node;
    }
    for (const [key, node] of this.nodes) {
      if (!wanted.has(key)) {
        node.remove();
        this.nodes.delete(key);
      }
    }
    return shown.length;
  }

  sorted(rows) {
    if (this.order === null) return rows;
    const { index, down } = this.order;
    const value = this.columns[index].sort ?? ((row) => textOf(this.columns[index].cell(row)));
    const factor = down ? -1 : 1;
    return [...rows].sort((a, b) => factor * compare(value(a), value(b)));
  }

  create(key) {
    const cells = this.columns.map((column, index) =>
      h(index === 0 ? "th" : "td", {
        "data-label": column.label,
        scope: index === 0 ? "row" : null,
        class: column.numeric ? "number" : null,
      }),
    );
    const node = h("tr", {}, ...cells);
    this.nodes.set(key, node);
    return node;
  }

  write(node, row) {
    this.columns.forEach((column, index) => {
      const value = column.cell(row);
      const { text, title = null, level = null, mark = "" } = typeof value === "object" && value !== null ? value : { text: value };
      const cell = node.children[index];
      setText(cell, mark ? `${mark} ${text}` : String(text));
      setAttribute(cell, "title", title);
      setAttribute(cell, "data-level", level);
    });
  }
}

const textOf = (value) => (typeof value === "object" && value !== null ? value.text : value);

function compare(a, b) {
  const [noA, noB] = [a === null || a === undefined, b === null || b === undefined];
  if (noA || noB) return Number(noA) - Number(noB);
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), "en", { numeric: true });
}
