// Forms with `data-call` are sent as JSON to their action, with the session's second token; the answer decides what
// comes next. The page of the local user sends the code that its address carries behind the #, which no server saw.
"use strict";

function csrfToken() {
  for (const pair of document.cookie.split("; ")) {
    const at = pair.indexOf("=");
    if (/^(__Host-)?t2m_csrf$/.test(pair.slice(0, at))) return pair.slice(at + 1);
  }
  return "";
}

function say(text) {
  document.getElementById("problem").textContent = text;
}

async function call(path, body) {
  const headers = { "Content-Type": "application/json", "X-CSRF-Token": csrfToken() };
  let answer;
  try {
    answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(body), credentials: "same-origin" });
  } catch {
    say("There is no connection to the server. Try again in a moment.");
    return null;
  }
  const found = answer.status === 204 ? {} : await answer.json().catch(() => ({}));
  if (answer.ok) return found;
  say(found.detail || `That did not work (${answer.status}).`);
  return null;
}

for (const form of document.querySelectorAll("form[data-call]")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const body = Object.fromEntries([...new FormData(form)].filter(([, value]) => value !== ""));
    if ("allow" in body) body.allow = body.allow === "yes";
    for (const button of form.querySelectorAll("button")) button.disabled = true;
    const found = await call(form.getAttribute("action"), body);
    if (found) location.replace(form.dataset.next);
    else for (const button of form.querySelectorAll("button")) button.disabled = false;
  });
}

for (const button of document.querySelectorAll("button[data-copy]")) {
  // Pages that came over plain HTTP from elsewhere than this machine have no clipboard.
  if (!navigator.clipboard) button.remove();
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.textContent = "Copied";
  });
}

async function signInLocally() {
  const code = location.hash.slice(1);
  history.replaceState(null, "", location.pathname);
  if (!code) {
    say("This address has no code. Run `twin2multicloud open` in a terminal on this machine.");
    return;
  }
  const found = await call("/api/v1/login/local", { code });
  if (found) location.replace(found.return_to);
}

if (document.body.dataset.page === "local") signInLocally();
