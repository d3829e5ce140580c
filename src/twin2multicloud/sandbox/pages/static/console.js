// The console of a simulated cloud: one status document, read every second.

import { ReadError, fetchJson, h, setAttribute, setText } from "./dom.js";
import { age, bytes, clock, count, duration, number } from "./format.js";
import { sectionsFor } from "./sections.js";
import { Sparkline } from "./sparkline.js";
import { KeyedTable } from "./table.js";

const PERIOD_MS = 1000;
const NAMES = { aws: "AWS", azure: "Azure", gcp: "Google Cloud" };
const STATES = {
  up: ["●", "ok", "up"],
  degraded: ["▲", "warning", "degraded"],
  outage: ["■", "error", "outage"],
};
const page = Object.fromEntries(["kicker", "cloud", "state", "peers", "facts", "message", "cards", "sections"].map((id) => [id, document.getElementById(id)]));

let status = null;
let readAt = null;
let lost = null;

const nameOf = (cloud) => (Object.hasOwn(NAMES, cloud) ? NAMES[cloud] : String(cloud));

/** A figure with its name, a line below it and, if it moves, its shape over the last minutes. */
class Card {
  constructor(title, read, moving = false) {
    this.read = read;
    this.value = h("p", { class: "card-value" });
    this.note = h("p", { class: "card-note" });
    this.spark = moving ? new Sparkline() : null;
    this.element = h("section", { class: "card", "aria-label": title }, h("h2", { class: "card-title" }, title), this.value, this.note, this.spark?.element);
  }

  update() {
    const figure = this.read(status) ?? null;
    this.element.hidden = figure === null;
    if (figure === null) return;
    const { text, note = "", level = null, mark = "", value } = figure;
    setText(this.value, mark ? `${mark} ${text}` : text);
    setAttribute(this.value, "data-level", level);
    setText(this.note, note);
    this.spark?.push(value ?? 0);
  }
}

const sum = (rows, key) => (rows ?? []).reduce((total, row) => total + (row[key] ?? 0), 0);

const cards = [
  new Card("Messages from devices", ({ gateway }) =>
    gateway && {
      text: `${number(Math.round((gateway.messages_per_s ?? 0) * 10) / 10)} /s`,
      value: gateway.messages_per_s,
      note: `${count(gateway.messages ?? 0)} in all, ${count(gateway.refused ?? 0)} refused`,
    }, true),
  new Card("Connected devices", ({ gateway }) =>
    gateway && { text: count(gateway.connections ?? 0), note: `${count(gateway.commands ?? 0)} commands sent${gateway.address ? `, ${gateway.address}` : ""}` }),
  new Card("Waiting in queues", ({ queues }) => {
    if (!queues?.length) return null;
    const oldest = Math.max(...queues.map((queue) => queue.oldest_age_s ?? 0));
    const late = oldest > 5;
    return { text: count(sum(queues, "depth")), value: sum(queues, "depth"), note: `oldest ${duration(oldest)}`, level: late ? "warning" : null, mark: late ? "▲" : "" };
  }, true),
  new Card("Links", ({ links }) => {
    if (!links?.length) return null;
    const failing = links.filter((link) => link.failing).length;
    return failing > 0
      ? { text: `${failing} of ${links.length} failing`, level: "error", mark: "■", note: `${count(sum(links, "retries"))} retries` }
      : { text: `${links.length} ok`, note: `${count(sum(links, "retries"))} retries` };
  }),
  new Card("Twin graph", ({ graph }) =>
    graph && {
      text: `${count(graph.entities ?? 0)} twins`,
      note: `${count(graph.relationships ?? 0)} relationships, ${count(graph.models ?? 0)} models, ${count(graph.updates ?? 0)} updates (${count(graph.ignored ?? 0)} late ones ignored)`,
    }),
  new Card("Function errors", ({ functions }) => {
    if (!functions?.length) return null;
    const failed = sum(functions, "errors");
    return { text: count(failed), note: `of ${count(sum(functions, "invocations"))} invocations`, level: failed > 0 ? "error" : null, mark: failed > 0 ? "■" : "" };
  }),
  new Card("Dead letters", ({ dead_letters: letters = 0 }) => ({
    text: count(letters),
    note: letters > 0 ? "waiting to be replayed or dropped" : "nothing was given up",
    level: letters > 0 ? "warning" : null,
    mark: letters > 0 ? "▲" : "",
  })),
  new Card("Memory", ({ memory_bytes: memory, pid }) => (memory ? { text: bytes(memory), value: memory, note: pid ? `process ${pid}` : "" } : null), true),
];
page.cards.append(...cards.map(({ element }) => element));

const faults = h("ul", { class: "faults" });
const faultBox = h("section", { class: "fault-box", hidden: true, "aria-label": "Injected faults" }, h("h2", {}, "Injected faults"), faults);
page.cards.before(faultBox);

/** A table with its heading; an empty one says so. */
class Section {
  constructor({ id, title, rows, key, columns, empty }) {
    this.rows = rows;
    this.table = new KeyedTable({ columns, key, caption: title, sortable: true });
    this.amount = h("span", { class: "amount" });
    this.words = h("p", { class: "none" }, empty);
    this.element = h("section", { class: "section", id, "aria-label": title }, h("h2", {}, title, " ", this.amount), this.words, h("div", { class: "scroll" }, this.table.element));
  }

  update() {
    const rows = this.rows(status);
    this.table.update(rows);
    this.words.hidden = rows.length > 0;
    this.table.element.hidden = rows.length === 0;
    setText(this.amount, rows.length > 1 ? String(rows.length) : "");
  }
}

const sections = sectionsFor(() => status).map((one) => new Section(one));
page.sections.append(...sections.map(({ element }) => element));

/** Only pages of web servers may be linked to, whatever the document says. */
function safeUrl(url) {
  try {
    const parsed = new URL(url, location.href);
    return parsed.protocol === "http:" || parsed.protocol === "https:" ? parsed.href : null;
  } catch {
    return null;
  }
}

let peersShown = "";

function showPeers() {
  const wanted = JSON.stringify([status.peers, status.dashboard_url]);
  if (wanted === peersShown) return;
  peersShown = wanted;
  const pages = Object.entries(status.peers ?? {}).map(([cloud, url]) => [nameOf(cloud), url, cloud]);
  if (status.dashboard_url) pages.push(["Dashboard", status.dashboard_url, ""]);
  page.peers.replaceChildren(
    ...pages.filter(([, url]) => safeUrl(url)).map(([name, url, cloud]) => h("a", { href: safeUrl(url), "data-cloud": cloud || null }, name)),
  );
}

const facts = new Map();

function showFacts() {
  const twinClock = status.clock;
  const said = [
    ["Twin", status.twin || null],
    ["Slots", (status.slots ?? []).join(", ") || null],
    ["Not deployed yet", (status.missing ?? []).join(", ") || null],
    [status.regions?.length > 1 ? "Regions" : "Region", (status.regions ?? []).join(", ") || null],
    ["Up for", duration(status.uptime_s ?? 0)],
    ["Twin time", twinClock ? `${clock(twinClock.now * 1000, { date: true })} · ${number(twinClock.speed ?? 1)} ×` : null],
    ["Process", status.pid ? String(status.pid) : null],
  ];
  for (const [name, value] of said) {
    let fact = facts.get(name);
    if (fact === undefined) {
      fact = h("div", {}, h("dt", {}, name), h("dd"));
      facts.set(name, fact);
      page.facts.append(fact);
    }
    fact.hidden = value === null;
    setText(fact.lastChild, value ?? "");
  }
  for (const [name, fact] of facts) {
    if (!said.some(([one]) => one === name)) fact.hidden = true;
  }
}

function showFaults() {
  const active = status.faults ?? [];
  faultBox.hidden = active.length === 0;
  while (faults.children.length > active.length) faults.lastChild.remove();
  active.forEach((fault, index) => {
    const node = faults.children[index] ?? faults.appendChild(h("li"));
    const parts = [
      [fault.kind, fault.target].filter(Boolean).join(" → "),
      fault.detail,
      typeof fault.since === "number" ? `for ${duration(status.at - fault.since)}` : "",
      typeof fault.until === "number" ? `ends in ${duration(fault.until - status.at)}` : "until it is lifted",
    ];
    setText(node, parts.filter(Boolean).join(" · "));
  });
}

function showState() {
  const [mark, level, word] = lost !== null ? ["■", "error", "no answer"]
    : Object.hasOwn(STATES, status?.state) ? STATES[status.state] : ["○", "plain", status === null ? "Loading …" : String(status.state)];
  setText(page.state, `${mark} ${word}`);
  page.state.dataset.level = level;
  page.message.hidden = lost === null;
  document.body.classList.toggle("lost", lost !== null && status !== null);
  if (lost === null) return;
  const old = status === null ? "" : ` The figures below were read ${age((performance.now() - readAt) / 1000)}.`;
  setText(page.message, `This cloud does not answer (${lost}): it may be restarting, or have been killed.${old} Trying again every second.`);
}

function show() {
  const name = nameOf(status.cloud);
  setText(page.cloud, name);
  setAttribute(page.cloud, "data-cloud", status.cloud);
  setText(page.kicker, "Simulated cloud · Twin2MultiCloud sandbox");
  document.title = `${name} · ${status.twin || "sandbox"}`;
  showPeers();
  showFacts();
  showFaults();
  for (const card of cards) card.update();
  for (const section of sections) section.update();
}

async function poll() {
  try {
    status = await fetchJson("api/status", {}, 5000);
    readAt = performance.now();
    lost = null;
    show();
  } catch (error) {
    if (!(error instanceof ReadError)) throw error;
    lost = error.message;
  } finally {
    showState();
    setTimeout(poll, document.hidden ? 5 * PERIOD_MS : PERIOD_MS);
  }
}

poll();
