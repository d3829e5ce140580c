// Last values of many twins in a table that can be sorted and searched.

import { h, setText } from "./dom.js";
import { age, clock, decimals, exact, fixed, moment, number, withUnit } from "./format.js";
import { levelAt } from "./levels.js";
import { settingsOf } from "./settings.js";
import { KeyedTable } from "./table.js";

const ROWS = 200;

export class StatePanel {
  constructor(panel, context) {
    this.panel = panel;
    this.context = context;
    this.answers = [];
    this.search = h("input", {
      type: "search",
      class: "search",
      placeholder: "Find a device",
      "aria-label": "Find a device",
      hidden: true,
      oninput: () => this.refresh(),
    });
    this.more = h("p", { class: "more", hidden: true });
    this.table = new KeyedTable({ columns: this.columns(), key: ({ id }) => id, caption: panel.title, sortable: true, limit: ROWS });
    const region = { class: "scroll", tabindex: "0", role: "region", "aria-label": panel.title };
    this.element = h("div", { class: "states" }, this.search, h("div", region, this.table.element), this.more);
  }

  columns() {
    const columns = this.panel.targets?.[0]?.columns ?? [];
    return columns.map(({ selector, text, type }) => {
      if (selector === "id") return { label: text, cell: ({ id }) => id, sort: ({ id }) => id };
      if (selector === "time") {
        return { label: text, numeric: true, cell: (row) => this.newest(row), sort: (row) => newestTime(row) };
      }
      const settings = settingsOf(this.panel, text, this.context.units);
      return {
        label: text,
        numeric: type === "number",
        sort: ({ values }) => values?.[text],
        cell: ({ values, times }) => {
          const value = values?.[text] ?? null;
          const { level, mark } = levelAt(settings.steps, value);
          const time = moment(times?.[text]);
          const at = Number.isFinite(time) ? ` at ${clock(time, { date: true })}` : "";
          const digits = (one) => (typeof one === "number" ? fixed(one, this.digits?.get(text) ?? 0) : number(one));
          return { text: withUnit(value, settings.suffix, digits), title: value === null ? null : withUnit(value, settings.suffix, exact) + at, level, mark };
        },
      };
    });
  }

  newest(row) {
    const time = newestTime(row);
    if (time === null) return { text: "–" };
    return { text: age((this.view.now - time) / 1000), title: clock(time, { date: true, fraction: true }) };
  }

  show(answers, view) {
    this.view = view;
    this.rows = answers.flatMap(({ answer }) => (Array.isArray(answer?.entities) ? answer.entities : []));
    this.digits = new Map(this.panel.targets[0].columns.map(({ text }) => [text, decimals(this.rows.map(({ values }) => values?.[text]))]));
    this.refresh();
    if (this.rows.length === 0) return { empty: "No twins of this type in the graph yet" };
    return { note: `${this.rows.length} ${this.rows.length === 1 ? "device" : "devices"}` };
  }

  refresh() {
    const rows = this.rows ?? [];
    this.search.hidden = rows.length <= 12;
    const wanted = this.search.value.trim().toLowerCase();
    const found = wanted ? rows.filter(({ id }) => String(id).toLowerCase().includes(wanted)) : rows;
    const shown = this.table.update(found);
    this.more.hidden = shown >= found.length && found.length > 0;
    setText(this.more, found.length === 0 ? `No device is called “${this.search.value}”` : `${shown} of ${found.length} shown: search to find the others`);
  }
}

function newestTime({ times }) {
  const found = Object.values(times ?? {}).map(moment).filter(Number.isFinite);
  return found.length > 0 ? Math.max(...found) : null;
}
