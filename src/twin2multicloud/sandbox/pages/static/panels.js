// Panels of a Grafana dashboard: each takes the JSON of one panel and shows what its targets answer.

import { AlarmPanel } from "./alarms.js";
import { Chart } from "./chart.js";
import { h, setText } from "./dom.js";
import { age, duration, exact, withUnit } from "./format.js";
import { Gauge } from "./gauge.js";
import { levelAt, levelOf } from "./levels.js";
import { linesOf, lastValues } from "./query.js";
import { gapOf } from "./scale.js";
import { settingsOf } from "./settings.js";
import { StatePanel } from "./states.js";

// Every panel has `element` and `show(answers, view)`, which returns what to say of it:
// {empty: words} when there is nothing to draw, {note, stale: true when data should have come} otherwise.
// `answers` are [{target, answer}], `view` is {from, to, now} in ms of the twin's time.

class TimeseriesPanel {
  constructor(panel, context) {
    this.panel = panel;
    this.context = context;
    this.hidden = new Set();
    this.charts = new Map();
    this.plots = h("div", { class: "plots" });
    this.legend = h("div", { class: "legend", role: "group", "aria-label": "Lines shown" });
    this.buttons = new Map();
    this.element = h("div", { class: "timeseries" }, this.plots, this.legend);
  }

  show(answers, view) {
    const lines = answers.flatMap(({ target, answer }) => this.linesOf(target, answer));
    lines.forEach((line, index) => {
      line.colour = line.settings.fixed ? levelOf(line.settings.fixed).level : index % 8;
    });
    this.view = view;
    this.lines = lines;
    this.draw();
    const newest = Math.max(...lines.map(({ points }) => points.at(-1)?.[0] ?? -Infinity));
    if (newest < view.from || newest === -Infinity) {
      return { empty: `No data in the ${view.follow ? "last" : "chosen"} ${duration((view.to - view.from) / 1000)}` };
    }
    const behind = Math.max(0, view.now - newest);
    const usual = Math.max(...lines.map(({ points }) => gapOf(points)));
    const cut = answers.some(({ answer, target }) => isCut(target, answer, view));
    const note = cut ? "only the newest points of this range" : view.follow ? age(behind / 1000) : "";
    return { note, stale: view.follow && behind > Math.max(usual * 2, 15000 * view.speed) };
  }

  linesOf(target, answer) {
    const labels = target.columns.filter(({ type }) => type === "number").map(({ text }) => text);
    return linesOf(answer).map((line, index) => {
      const name = labels[index] ?? line.field;
      return { name, points: line.points, settings: settingsOf(this.panel, name, this.context.units) };
    });
  }

  /** One plot per unit, so that every axis has one meaning. */
  draw() {
    const custom = this.panel.fieldConfig?.defaults?.custom ?? {};
    const groups = Map.groupBy(this.lines, ({ settings }) => settings.suffix);
    for (const [unit, chart] of this.charts) {
      if (!groups.has(unit)) {
        chart.element.remove();
        this.charts.delete(unit);
      }
    }
    const drawn = this.panel.fieldConfig?.defaults?.custom?.thresholdsStyle?.mode;
    for (const [unit, lines] of groups) {
      let chart = this.charts.get(unit);
      if (chart === undefined) {
        chart = new Chart(this.context.shared);
        this.charts.set(unit, chart);
        this.plots.append(chart.element);
      }
      chart.update({
        series: lines.filter(({ name }) => !this.hidden.has(name)),
        from: this.view.from,
        to: this.view.to,
        unit,
        steps: drawn && drawn !== "off" ? lines[0].settings.steps : [],
        softMin: custom.axisSoftMin,
        softMax: custom.axisSoftMax,
        filled: (custom.fillOpacity ?? 0) > 0,
      });
    }
    this.drawLegend();
  }

  drawLegend() {
    const shown = this.panel.options?.legend?.showLegend !== false && this.lines.length > 1;
    this.legend.hidden = !shown;
    if (!shown) return;
    const names = this.lines.map(({ name }) => name);
    if (names.join("\n") !== [...this.buttons.keys()].join("\n")) {
      this.buttons = new Map(this.lines.map(({ name, colour }) => [name, this.button(name, colour)]));
      this.legend.replaceChildren(...this.buttons.values());
    }
    for (const { name, points, settings } of this.lines) {
      const button = this.buttons.get(name);
      button.setAttribute("aria-pressed", String(!this.hidden.has(name)));
      const last = points.findLast(([, value]) => value !== null);
      setText(button.lastChild, last ? withUnit(last[1], settings.suffix) : "");
    }
  }

  button(name, colour) {
    const toggle = () => {
      if (!this.hidden.delete(name)) this.hidden.add(name);
      this.draw();
    };
    return h(
      "button",
      { type: "button", class: "legend-item", onclick: toggle },
      h("span", { class: "swatch", "data-colour": colour }),
      h("span", { class: "legend-name" }, name),
      h("span", { class: "legend-last" }),
    );
  }
}

/** Whether an answer has as many points as were asked for, and so may begin late. */
function isCut(target, answer, view) {
  const limit = Number(/"limit":\s*(\d+)/.exec(target.url_options?.data ?? "")?.[1]);
  const points = answer?.points ?? [];
  return points.length >= limit && points[0]?.[0] > view.from + (view.to - view.from) * 0.02;
}

class ValuesPanel {
  constructor(panel, context) {
    this.panel = panel;
    this.context = context;
    this.values = new Map();
    this.element = h("div", { class: panel.type === "gauge" ? "values gauges" : "values stats" });
  }

  show(answers, view) {
    const devices = new Set(answers.map(({ query }) => query.entity ?? query.device)).size;
    const labels = new Set(answers.flatMap(({ target }) => target.columns.map(({ text }) => text))).size;
    const values = answers.flatMap(({ target, answer, query }) =>
      lastValues(target, answer).map((one) => {
        const settings = settingsOf(this.panel, one.label, this.context.units);
        const owner = String(query.entity ?? query.device ?? "");
        return { ...one, settings, title: devices < 2 ? one.label : labels < 2 ? owner : `${owner} ${one.label}` };
      }),
    );
    const wanted = new Set(values.map(({ title }) => title));
    for (const [title, { element }] of this.values) {
      if (!wanted.has(title)) {
        element.remove();
        this.values.delete(title);
      }
    }
    for (const one of values) this.write(one, values.length > 1 ? one.title : "", view);
    const newest = Math.max(...values.map(({ time }) => (Number.isFinite(time) ? time : -Infinity)));
    if (newest === -Infinity && values.every(({ value }) => value === null)) return { empty: "No value yet" };
    return {};
  }

  write({ title, value, time, settings }, label, view) {
    let shown = this.values.get(title);
    if (shown === undefined) {
      shown = this.panel.type === "gauge" && !settings.boolean ? new Gauge() : new Stat();
      this.values.set(title, shown);
      this.element.append(shown.element);
    }
    const { min = 0, max = 100, steps, suffix, boolean } = settings;
    const shownValue = boolean && typeof value === "boolean" ? (value ? "yes" : "no") : value;
    const ago = Number.isFinite(time) ? age((view.now - time) / 1000) : "";
    shown.update({ label: [label, ago].filter(Boolean).join(" · "), value: shownValue, unit: suffix, min, max, steps });
  }
}

class Stat {
  constructor() {
    this.value = h("strong", { class: "stat-value" });
    this.label = h("span", { class: "stat-label" });
    this.element = h("div", { class: "stat" }, this.value, this.label);
  }

  update({ label, value, unit, steps }) {
    const { level, mark } = levelAt(steps, value);
    setText(this.value, value === null ? "no data" : `${mark ? `${mark} ` : ""}${withUnit(value, unit)}`);
    this.value.title = value === null ? "" : withUnit(value, unit, exact);
    this.value.dataset.level = level;
    setText(this.label, label);
  }
}

class TextPanel {
  constructor(panel) {
    const lines = String(panel.options?.content ?? "").split("\n");
    this.element = h("div", { class: "prose" }, ...lines.map(plainLine).filter((node) => node !== null));
  }

  show() {
    return {};
  }
}

/** A line of the little Markdown that is shown as such: headings and list items; all else is a paragraph. */
function plainLine(line) {
  const heading = /^#{1,6}\s+(.*)$/.exec(line);
  if (heading) return h("h3", {}, heading[1]);
  const item = /^[-*]\s+(.*)$/.exec(line);
  if (item) return h("p", { class: "item" }, item[1]);
  return line.trim() ? h("p", {}, line) : null;
}

class UnknownPanel {
  constructor(panel) {
    this.element = h("p", { class: "state" }, `This page does not draw panels of type “${panel.type}”; Grafana does.`);
  }

  show() {
    return {};
  }
}

/** Whether a panel's first target asks for alerts. */
function asksAlerts(panel) {
  return /"kind":\s*"alerts"/.test(panel.targets?.[0]?.url_options?.data ?? "");
}

/** The contents of a panel. */
export function createPanel(panel, context) {
  if (panel.type === "alertlist" || asksAlerts(panel)) return new AlarmPanel(panel, context);
  const kinds = { timeseries: TimeseriesPanel, stat: ValuesPanel, gauge: ValuesPanel, table: StatePanel, text: TextPanel };
  const Kind = Object.hasOwn(kinds, panel.type) ? kinds[panel.type] : UnknownPanel;
  return new Kind(panel, context);
}

