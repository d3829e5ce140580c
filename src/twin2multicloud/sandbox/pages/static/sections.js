// The tables of a cloud's console: which columns a part of the status has, and how its figures are written.

import { age, bytes, clock, count, duration, millis, number } from "./format.js";
import { severity } from "./levels.js";

const DASH = "–";
const rate = (value) => number(typeof value === "number" ? Math.round(value * 10) / 10 : value);
const bad = (value, level) => (value > 0 ? { text: count(value), level, mark: level === "error" ? "■" : "▲" } : { text: count(value ?? 0) });

/** A moment of the wall clock (seconds), as its age. */
const since = (status, at) =>
  typeof at === "number" ? { text: age(status.at - at), title: clock(at * 1000, { date: true }) } : { text: "never" };

/** A moment of the twin's clock (seconds), as its age there. */
const twinAge = (status, at) => {
  if (typeof at !== "number") return { text: DASH };
  const now = status.clock?.now ?? status.at;
  return { text: age(now - at), title: clock(at * 1000, { date: true }) };
};

function functions(status) {
  return [
    { label: "Function", cell: (one) => one.name, sort: (one) => one.name },
    { label: "Role", cell: (one) => [one.slot, one.role].filter(Boolean).join(" · ") },
    { label: "Invocations", numeric: true, cell: (one) => count(one.invocations ?? 0), sort: (one) => one.invocations },
    { label: "Messages", numeric: true, cell: (one) => count(one.messages), sort: (one) => one.messages },
    { label: "Errors", numeric: true, cell: (one) => bad(one.errors, "error"), sort: (one) => one.errors ?? 0 },
    { label: "p50 ms", numeric: true, cell: (one) => millis(one.p50_ms), sort: (one) => one.p50_ms },
    { label: "p99 ms", numeric: true, cell: (one) => millis(one.p99_ms), sort: (one) => one.p99_ms },
    { label: "Cold starts", numeric: true, cell: (one) => count(one.cold_starts ?? 0), sort: (one) => one.cold_starts },
    { label: "Last run", numeric: true, cell: (one) => since(status(), one.last_run), sort: (one) => -(one.last_run ?? 0) },
  ];
}

function queues() {
  return [
    { label: "Queue", cell: (one) => one.name },
    { label: "Waiting", numeric: true, cell: (one) => count(one.depth ?? 0), sort: (one) => one.depth ?? 0 },
    { label: "In flight", numeric: true, cell: (one) => count(one.in_flight ?? 0), sort: (one) => one.in_flight ?? 0 },
    {
      label: "Oldest",
      numeric: true,
      cell: (one) =>
        typeof one.oldest_age_s !== "number" ? DASH
        : one.oldest_age_s > 5 ? { text: duration(one.oldest_age_s), level: "warning", mark: "▲" } : duration(one.oldest_age_s),
      sort: (one) => one.oldest_age_s ?? 0,
    },
    { label: "In /s", numeric: true, cell: (one) => rate(one.in_per_s ?? 0), sort: (one) => one.in_per_s ?? 0 },
    { label: "Out /s", numeric: true, cell: (one) => rate(one.out_per_s ?? 0), sort: (one) => one.out_per_s ?? 0 },
  ];
}

function stores(status) {
  return [
    { label: "Store", cell: (one) => one.name },
    { label: "Tier", cell: (one) => `L3 ${one.tier}` },
    { label: "Class", cell: (one) => one.storage_class },
    { label: "Records", numeric: true, cell: (one) => count(one.records ?? 0), sort: (one) => one.records ?? 0 },
    { label: "Objects", numeric: true, cell: (one) => count(one.objects), sort: (one) => one.objects },
    { label: "Size", numeric: true, cell: (one) => bytes(one.bytes ?? 0), sort: (one) => one.bytes ?? 0 },
    { label: "Oldest record", numeric: true, cell: (one) => twinAge(status(), one.oldest), sort: (one) => one.oldest },
    { label: "Newest", numeric: true, cell: (one) => twinAge(status(), one.newest), sort: (one) => one.newest },
    { label: "Refused writes", numeric: true, cell: (one) => bad(one.writes_refused, "error"), sort: (one) => one.writes_refused ?? 0 },
  ];
}

/** One row per store and storage class; a store without any has one row. */
function storeRows(all) {
  return all.flatMap((store) => {
    const classes = store.classes?.length ? store.classes : [{ storage_class: DASH }];
    return classes.map((one) => ({ ...store, ...one, key: `${store.name}\n${store.tier}\n${one.storage_class}` }));
  });
}

function links(status) {
  return [
    { label: "Link", cell: (one) => (one.direction === "in" ? `${one.edge} ← ${one.peer}` : `${one.edge} → ${one.peer}`) },
    {
      label: "State",
      cell: (one) =>
        one.failing ? { text: "failing", level: "error", mark: "■", title: one.last_error || null }
        : one.last_success || one.batches ? { text: "ok", level: "ok", mark: "●" } : { text: "not used yet", mark: "○" },
    },
    { label: "Messages", numeric: true, cell: (one) => count(one.messages ?? 0), sort: (one) => one.messages ?? 0 },
    { label: "Batches", numeric: true, cell: (one) => count(one.batches ?? 0), sort: (one) => one.batches ?? 0 },
    { label: "Size", numeric: true, cell: (one) => bytes(one.bytes ?? 0), sort: (one) => one.bytes ?? 0 },
    { label: "Retries", numeric: true, cell: (one) => bad(one.retries, "warning"), sort: (one) => one.retries ?? 0 },
    { label: "Refused", numeric: true, cell: (one) => bad(one.refused, "warning"), sort: (one) => one.refused ?? 0 },
    {
      label: "Keys",
      cell: (one) => {
        const ids = (one.key_ids ?? []).join(", ") || DASH;
        return typeof one.key_age_s === "number" ? `${ids} · ${duration(one.key_age_s)} old` : ids;
      },
    },
    { label: "Last success", numeric: true, cell: (one) => since(status(), one.last_success), sort: (one) => -(one.last_success ?? 0) },
    {
      label: "Last error",
      cell: (one) => {
        if (!one.last_error) return DASH;
        const when = typeof one.last_error_at === "number" ? ` (${age(status().at - one.last_error_at)})` : "";
        return { text: `${one.last_error}${when}`, level: one.failing ? "error" : null };
      },
    },
  ];
}

function meters() {
  return [
    { label: "Meter", cell: (one) => one.meter },
    {
      label: "Counted",
      numeric: true,
      cell: (one) => {
        const whole = one.unit === "B" ? bytes(one.amount) : `${Number.isInteger(one.amount) ? count(one.amount) : number(one.amount)} ${one.unit ?? ""}`;
        return { text: whole.trim(), title: `${one.amount} ${one.unit ?? ""}`.trim() };
      },
      sort: (one) => one.amount,
    },
  ];
}

function errors(status) {
  return [
    { label: "Error", cell: (one) => ({ text: one.message, title: one.message }) },
    {
      label: "Severity",
      cell: (one) => ({ text: one.severity, ...severity(one.severity) }),
    },
    { label: "Kind", cell: (one) => [one.layer, one.kind].filter(Boolean).join(" · ") },
    { label: "Where", cell: (one) => [one.component, one.device, one.link].filter(Boolean).join(" · ") || DASH },
    { label: "Times", numeric: true, cell: (one) => count(one.count ?? 1), sort: (one) => one.count ?? 1 },
    { label: "First", numeric: true, cell: (one) => since(status(), one.first), sort: (one) => one.first },
    { label: "Last", numeric: true, cell: (one) => since(status(), one.last), sort: (one) => -(one.last ?? 0) },
  ];
}

/** The sections in the order they are shown. `rows` picks them from a status, `status()` is the latest one. */
export function sectionsFor(status) {
  return [
    { id: "errors", title: "Recent errors", rows: (now) => now.errors ?? [], key: (one) => one.key, columns: errors(status), empty: "No errors: nothing has gone wrong here" },
    { id: "functions", title: "Functions", rows: (now) => now.functions ?? [], key: (one) => one.name, columns: functions(status), empty: "No function of this twin is placed here" },
    { id: "queues", title: "Queues", rows: (now) => now.queues ?? [], key: (one) => one.name, columns: queues(), empty: "No queue here" },
    { id: "links", title: "Links", rows: (now) => now.links ?? [], key: (one) => `${one.edge}\n${one.peer}\n${one.direction}`, columns: links(status), empty: "No link to another cloud: all neighbours are in this one" },
    { id: "stores", title: "Stores", rows: (now) => storeRows(now.stores ?? []), key: (one) => one.key, columns: stores(status), empty: "No storage of this twin is placed here" },
    { id: "meters", title: "Meters", rows: (now) => now.meters ?? [], key: (one) => one.meter, columns: meters(), empty: "Nothing has been counted yet" },
  ];
}
