// Alarms: what the twin's rules said, those that still hold first.

import { h, setAttribute, setText } from "./dom.js";
import { age, clock, moment } from "./format.js";
import { severity } from "./levels.js";

export class AlarmPanel {
  constructor() {
    this.list = h("ul", { class: "alarms" });
    this.nodes = new Map();
    this.element = h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Alarms" }, this.list);
  }

  show(answers, view) {
    const alarms = answers.flatMap(({ answer }) => (Array.isArray(answer) ? answer : []));
    alarms.sort((a, b) => Number(b.active) - Number(a.active) || moment(b.time) - moment(a.time));
    const wanted = new Set(alarms.map(({ id }) => id));
    for (const [id, node] of this.nodes) {
      if (!wanted.has(id)) {
        node.remove();
        this.nodes.delete(id);
      }
    }
    alarms.forEach((alarm, index) => {
      const node = this.nodes.get(alarm.id) ?? this.create(alarm.id);
      this.write(node, alarm, view);
      if (this.list.children[index] !== node) this.list.insertBefore(node, this.list.children[index] ?? null);
    });
    if (alarms.length === 0) return { empty: "No alarms: no rule has fired in this time range" };
    const active = alarms.filter((alarm) => alarm.active).length;
    return { note: active > 0 ? `${active} active` : "none active", alarmed: active > 0 };
  }

  create(id) {
    const node = h(
      "li",
      { class: "alarm" },
      h("span", { class: "alarm-mark", "aria-hidden": "true" }),
      h("div", { class: "alarm-text" }, h("p", { class: "alarm-message" }), h("p", { class: "alarm-about" })),
      h("time", { class: "alarm-time" }),
    );
    this.nodes.set(id, node);
    return node;
  }

  write(node, alarm, view) {
    const { level, mark } = severity(alarm.severity);
    const time = moment(alarm.time);
    const [markNode, text, timeNode] = node.children;
    setAttribute(node, "data-level", level);
    setAttribute(node, "data-active", alarm.active ? "yes" : "no");
    setText(markNode, mark || "●");
    setText(text.firstChild, String(alarm.message || alarm.rule || ""));
    const about = [alarm.severity, alarm.device, alarm.rule, alarm.active ? "active" : "cleared"];
    setText(text.lastChild, about.filter(Boolean).join(" · "));
    setText(timeNode, age((view.now - time) / 1000));
    setAttribute(timeNode, "title", clock(time, { date: true, fraction: true }));
  }
}
