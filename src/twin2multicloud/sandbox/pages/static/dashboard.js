// The live dashboard: the very JSON that Grafana gets, drawn here, kept up to date.

import { ReadError, fetchJson, h, setAttribute, setText } from "./dom.js";
import { age, clock, duration, number, period } from "./format.js";
import { createPanel } from "./panels.js";
import { Round, fillIn, queryOf } from "./query.js";

const RANGES = ["5m", "15m", "1h", "24h", "7d"];
const page = Object.fromEntries(["title", "tabs", "variables", "ranges", "refresh", "earlier", "later", "follow", "span", "live", "twin-clock", "grid", "message"].map((id) => [id, document.getElementById(id)]));

const state = {
  dashboards: [], units: {}, number: 0, values: {}, range: 900, follow: true, end: null, refreshS: 5,
  clock: null, frames: [], updated: null, failure: null, timer: null, running: false, again: false,
};
const shared = new EventTarget();

/** The twin's time in ms: what it told, carried on at its speed. */
function twinNow() {
  if (state.clock === null) return Date.now();
  return state.clock.time + (performance.now() - state.clock.at) * state.clock.speed;
}

async function readClock() {
  const asked = performance.now();
  const twin = await fetchJson("api/twin");
  state.clock = { time: twin.time * 1000, at: (asked + performance.now()) / 2, speed: twin.speed ?? 1, name: twin.name };
}

// Choices live in the address, so that a view can be kept and passed on.
function readAddress() {
  const chosen = new URLSearchParams(location.hash.slice(1));
  const number = Number(chosen.get("d"));
  if (Number.isInteger(number) && number >= 0 && number < state.dashboards.length) state.number = number;
  return chosen;
}

function writeAddress() {
  const chosen = new URLSearchParams({ d: String(state.number), range: `${state.range}s` });
  if (!state.follow) chosen.set("to", String(Math.round(state.end)));
  for (const [name, value] of Object.entries(state.values)) chosen.set(`var-${name}`, value);
  history.replaceState(null, "", `#${chosen}`);
}

function open(chosen) {
  const board = state.dashboards[state.number];
  const range = period(chosen.get("range") ?? String(board.time?.from ?? "").replace("now-", ""));
  state.range = range > 0 && range <= 400 * 86400 ? range : 900;
  const end = Number(chosen.get("to"));
  state.follow = !(chosen.has("to") && Number.isFinite(end));
  state.end = state.follow ? null : end;
  state.refreshS = period(board.refresh) || 5;
  state.values = {};
  for (const variable of board.templating?.list ?? []) {
    const wanted = chosen.get(`var-${variable.name}`);
    const allowed = variable.type !== "custom" || (variable.options ?? []).some(({ value }) => value === wanted);
    state.values[variable.name] = wanted !== null && allowed ? wanted : String(variable.current?.value ?? "");
  }
  setText(page.title, board.title);
  document.title = `${board.title} · live`;
  buildTabs();
  buildVariables(board);
  buildRefresh(board);
  buildPanels(board);
  changed();
}

function buildTabs() {
  page.tabs.hidden = state.dashboards.length < 2;
  page.tabs.replaceChildren(
    ...state.dashboards.map((board, index) =>
      h("button", { type: "button", "aria-current": index === state.number ? "page" : null, onclick: () => {
        state.number = index;
        open(new URLSearchParams());
      } }, board.title)),
  );
}

function buildVariables(board) {
  const fields = (board.templating?.list ?? []).map((variable) => {
    const set = (event) => {
      state.values[variable.name] = event.target.value;
      changed();
    };
    const label = variable.label || variable.name;
    const input = variable.type === "custom"
      ? h("select", { onchange: set }, ...(variable.options ?? []).map(({ text, value }) => h("option", { value }, text)))
      : h("input", { type: "text", onchange: set, title: variable.description ?? "", spellcheck: "false", autocomplete: "off" });
    input.value = state.values[variable.name];
    return h("label", { class: "choice" }, h("span", {}, label), input);
  });
  page.variables.replaceChildren(...fields);
  page.variables.hidden = fields.length === 0;
}

function buildRefresh(board) {
  const choices = [...new Set([...(board.timepicker?.refresh_intervals ?? []), board.refresh].filter((text) => period(text) > 0))];
  choices.sort((a, b) => period(a) - period(b));
  page.refresh.replaceChildren(...choices.map((text) => h("option", { value: text }, `every ${duration(period(text))}`)));
  page.refresh.value = board.refresh;
}

function buildRanges() {
  page.ranges.replaceChildren(
    ...RANGES.map((text) =>
      h("button", { type: "button", "data-range": period(text), onclick: () => {
        state.range = period(text);
        changed();
      } }, text.replace(/(\d+)(\w)/, "$1 $2"))),
  );
}

function buildPanels(board) {
  for (const frame of state.frames) seen.unobserve(frame.element);
  const panels = [...(board.panels ?? [])].sort((a, b) => a.gridPos.y - b.gridPos.y || a.gridPos.x - b.gridPos.x);
  state.frames = panels.map((panel) => (panel.type === "row" ? new RowFrame(panel) : new Frame(panel)));
  page.grid.replaceChildren(...state.frames.map(({ element }) => element));
  for (const frame of state.frames) seen.observe(frame.element);
}

class RowFrame {
  constructor(panel) {
    this.element = place(h("h2", { class: "row" }, panel.title), panel);
  }

  async refresh() {}
}

/** A panel's box: title, what is to be said about it, and its contents. */
class Frame {
  constructor(panel) {
    this.panel = panel;
    this.visible = false;
    this.due = true;
    this.content = createPanel(panel, { units: state.units, shared });
    this.title = h("h3", { class: "panel-title" });
    this.note = h("span", { class: "panel-note" });
    this.words = h("p", { class: "state", role: "status" }, "Loading …");
    this.body = h("div", { class: "panel-body" }, this.content.element, this.words);
    this.element = place(
      h("section", { class: `panel panel-${panel.type}`, "data-state": panel.targets?.length ? "loading" : "ok" }, h("header", {}, this.title, this.note), this.body),
      panel,
    );
    this.element.dataset.panel = panel.id;
    this.rename();
  }

  rename() {
    const title = fillIn(this.panel.title ?? "", state.values);
    setText(this.title, title);
    setAttribute(this.title, "title", this.panel.description ?? title);
    setAttribute(this.element, "aria-label", title);
  }

  async refresh(round, view) {
    if (!this.panel.targets?.length) return;
    if (!this.visible) {
      this.due = true;
      return;
    }
    this.due = false;
    const values = { ...state.values, __from: new Date(view.from).toISOString(), __to: new Date(view.to).toISOString() };
    try {
      const answers = await Promise.all(
        this.panel.targets.map(async (target) => {
          const query = queryOf(target, values);
          if (query === null) throw new ReadError("a target that this page can not ask");
          return { target, query, answer: await round.ask(query) };
        }),
      );
      this.tell(this.content.show(answers, view));
    } catch (error) {
      if (!(error instanceof ReadError)) throw error;
      this.fail(error.message);
    }
  }

  tell({ empty, note = "", stale = false, alarmed = false }) {
    this.read = performance.now();
    this.element.dataset.state = empty ? "empty" : stale ? "stale" : "ok";
    setText(this.words, empty ?? "");
    setAttribute(this.note, "title", null);
    setText(this.note, stale ? `▲ no new data, last ${note}` : note);
    this.note.dataset.level = stale ? "warning" : alarmed ? "error" : "";
  }

  /** What was read before stays to be seen, marked as old. */
  fail(message) {
    state.failure = message;
    const before = this.read !== undefined;
    this.element.dataset.state = before ? "stale" : "error";
    setText(this.words, before ? "" : `Can not be read: ${message}. Trying again.`);
    setText(this.note, before ? `▲ not read for ${duration((performance.now() - this.read) / 1000)}` : "");
    setAttribute(this.note, "title", message);
    this.note.dataset.level = "warning";
  }
}

function place(element, { gridPos: { x, y, w, h: height } }) {
  for (const [name, value] of Object.entries({ x: x + 1, y: y + 1, w, h: height })) element.style.setProperty(`--${name}`, value);
  return element;
}

const seen = new IntersectionObserver((entries) => {
  let late = false;
  for (const { target, isIntersecting } of entries) {
    const frame = state.frames.find(({ element }) => element === target);
    if (frame === undefined) continue;
    frame.visible = isIntersecting;
    late ||= isIntersecting && frame.due;
  }
  if (late) refreshSoon();
}, { rootMargin: "200px" });

function view() {
  const now = twinNow();
  const to = state.follow ? now : state.end;
  return { from: to - state.range * 1000, to, now, follow: state.follow, speed: state.clock?.speed ?? 1 };
}

/** After any choice: say it, keep it, read anew. */
function changed() {
  for (const button of page.ranges.children) setAttribute(button, "aria-pressed", String(Number(button.dataset.range) === state.range));
  setAttribute(page.follow, "aria-pressed", String(state.follow));
  page.later.disabled = state.follow;
  for (const frame of state.frames) frame.rename?.();
  writeAddress();
  refreshSoon();
}

function refreshSoon() {
  if (state.running) state.again = true;
  else {
    clearTimeout(state.timer);
    state.timer = setTimeout(refresh, 0);
  }
}

async function refresh() {
  state.running = true;
  state.again = false;
  state.failure = null;
  clearTimeout(state.timer);
  try {
    await readClock();
    const round = new Round();
    const seenNow = view();
    await Promise.all(state.frames.map((frame) => frame.refresh(round, seenNow)));
    if (state.failure === null) state.updated = performance.now();
  } catch (error) {
    if (!(error instanceof ReadError)) throw error;
    for (const frame of state.frames) frame.fail?.(error.message);
    state.failure = error.message;
  } finally {
    state.running = false;
    if (state.again || !document.hidden) state.timer = setTimeout(refresh, state.again ? 0 : state.refreshS * 1000);
    tick();
  }
}

function shift(direction) {
  const to = (state.follow ? twinNow() : state.end) + direction * state.range * 500;
  state.follow = to >= twinNow() - state.range * 100; // almost there is there
  state.end = state.follow ? null : to;
  changed();
}

/** The header's words, once a second. */
function tick() {
  const { from, to } = view();
  const ago = state.updated === null ? null : (performance.now() - state.updated) / 1000;
  const [mark, level, words] = state.failure !== null
    ? ["▲", "warning", ago === null ? `No data: ${state.failure}` : `Not updated for ${duration(ago)}: ${state.failure}`]
    : ago === null ? ["○", "plain", "Loading …"]
    : state.follow ? ["●", "ok", `Live, read ${age(ago)}`] : ["❙❙", "plain", "Not following"];
  setText(page.live, `${mark} ${words}`);
  page.live.dataset.level = level;
  const dates = state.range >= 86400 || !state.follow;
  setText(page.span, `${clock(from, { date: dates })} – ${state.follow ? "now" : clock(to, { date: true })}`);
  const speed = state.clock?.speed ?? 1;
  setText(page["twin-clock"], state.clock === null ? "" : `Twin time ${clock(twinNow(), { date: true })}${speed === 1 ? "" : ` · ${number(speed)} × ours`}`);
}

async function start() {
  try {
    const answer = await fetchJson("api/dashboards");
    state.dashboards = answer.dashboards;
    state.units = answer.units;
    await readClock();
    if (state.dashboards.length === 0) throw new ReadError("this twin has no dashboards");
    page.message.hidden = true;
    buildRanges();
    open(readAddress());
  } catch (error) {
    if (!(error instanceof ReadError)) throw error;
    page.message.hidden = false;
    setText(page.message, `The dashboard can not be shown: ${error.message}. Trying again every 3 s.`);
    setTimeout(start, 3000);
  }
}

page.follow.addEventListener("click", () => {
  state.end = twinNow();
  state.follow = !state.follow;
  changed();
});
page.earlier.addEventListener("click", () => shift(-1));
page.later.addEventListener("click", () => shift(1));
page.refresh.addEventListener("change", () => {
  state.refreshS = period(page.refresh.value) || 5;
  refreshSoon();
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) refreshSoon();
});
setInterval(tick, 1000);
start();
