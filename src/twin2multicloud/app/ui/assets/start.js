// Starts Flutter, and tells what it cannot: that the connection is gone, that somebody signed out, that nothing starts,
// that files are too large to be sent. Begins anew where the server has another version of it by now.
"use strict";
(() => {
  const { base, socket, nonce, picked, message } = document.documentElement.dataset;
  const loading = document.getElementById("loading");
  const told = document.getElementById("told");
  const SIGNED_OUT = 4401;
  const OTHER_VERSION = 4426;
  const FULL = 4429;
  const AWAY_MS = 1500;
  const READ_MS = 12000;
  const AGAIN_MS = 60000;

  // Read by Flet's client.
  window.flet = {
    pyodide: false, multiView: false, noCdn: true, webRenderer: "auto", routeUrlStrategy: "path",
    webSocketEndpoint: socket, entrypointBaseUrl: base, assetBase: base,
    canvasKitBaseUrl: `${base}canvaskit/`, fontFallbackBaseUrl: `${base}assets/fonts/`,
  };

  function failed(text) {
    loading.classList.add("failed");
    loading.querySelector("p").textContent = text;
  }

  let forgetting = 0;
  function say(text) {
    clearTimeout(forgetting);
    told.textContent = text;
    told.hidden = !text;
  }

  function refuse(what, bytes, most) {
    const size = (count) => `${(count / 1048576).toFixed(1)} MiB`;
    say(`${what} ${size(bytes)}, and at most ${size(most)} can be taken at once. Nothing was sent.`);
    forgetting = setTimeout(() => say(""), READ_MS);
  }

  // Files are looked at before Flutter reads them: one of gigabytes would be more than a browser bears, too. Its fields
  // for files are nowhere in the page, so that their events have to be heard there.
  function chosen(event) {
    const input = event.target;
    const bytes = [...input.files].reduce((sum, file) => sum + file.size, 0);
    if (bytes <= Number(picked)) return;
    event.stopImmediatePropagation();
    refuse(input.files.length > 1 ? "These files have" : `${input.files[0].name} has`, bytes, picked);
    input.value = "";
    input.dispatchEvent(new Event("cancel"));
  }
  const { click } = HTMLInputElement.prototype;
  HTMLInputElement.prototype.click = function () {
    if (this.type === "file") this.addEventListener("change", chosen, true);
    click.call(this);
  };

  // Servers of two versions behind one address would have it begin again and again.
  function renew() {
    const last = Number(sessionStorage.getItem("renewed") ?? 0);
    if (Date.now() - last < AGAIN_MS) {
      say("The server was upgraded. Reload this page to go on.");
      return;
    }
    sessionStorage.setItem("renewed", String(Date.now()));
    location.reload();
  }

  // Flet connects again by itself, however a connection ended. What it ended by is only known here.
  let away = 0;
  function opened() {
    clearTimeout(away);
    away = 0;
    say("");
  }
  function closed(event) {
    if (event.code === SIGNED_OUT) {
      const here = location.pathname + location.search;
      location.replace(`/login?return_to=${encodeURIComponent(here)}`);
    } else if (event.code === OTHER_VERSION) {
      opened();
      renew();
    } else if (event.code === FULL) {
      opened();
      say("Too many windows of yours are open. Close one, then reload this page.");
    } else {
      away ||= setTimeout(() => say("There is no connection to the server. Trying again."), AWAY_MS);
    }
  }
  window.WebSocket = class extends WebSocket {
    constructor(address, ...more) {
      const told = new URL(address, location.href);
      if (told.pathname === socket) told.searchParams.set("client", base.split("/").at(-2));
      super(told, ...more);
      this.addEventListener("open", opened);
      this.addEventListener("close", closed);
    }

    // The server would end the connection.
    send(data) {
      const bytes = data.byteLength ?? data.size ?? data.length;
      if (bytes > Number(message)) refuse("That has", bytes, message);
      else super.send(data);
    }
  };

  // WebKit shows a page that it kept without painting it any further: it has to start anew.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted && navigator.vendor.startsWith("Apple")) location.reload();
  });

  const late = setTimeout(() => failed("This takes longer than usual."), 20000);
  window.addEventListener("flutter-first-frame", () => {
    clearTimeout(late);
    loading.remove();
  }, { once: true });

  // Chromium takes the smaller files, and asks for them one after the other unless it is told before.
  if (navigator.vendor === "Google Inc.") {
    const hints = [
      ["modulepreload", "main.dart.mjs"], ["modulepreload", "canvaskit/skwasm.js"],
      ["fetch", "main.dart.wasm"], ["fetch", "canvaskit/skwasm.wasm"],
      ["fetch", "assets/FontManifest.json"], ["fetch", "assets/fonts/MaterialIcons-Regular.otf"],
      ["fetch", "assets/fonts/roboto.woff2"], ["fetch", "assets/fonts/Mono.woff2"],
    ];
    for (const [kind, name] of hints) {
      const hint = document.createElement("link");
      hint.href = base + name;
      hint.rel = kind === "fetch" ? "preload" : kind;
      if (kind === "fetch") { hint.as = "fetch"; hint.crossOrigin = "anonymous"; }
      document.head.append(hint);
    }
  }

  const config = {
    nonce, entrypointBaseUrl: base, assetBase: base,
    canvasKitBaseUrl: window.flet.canvasKitBaseUrl, fontFallbackBaseUrl: window.flet.fontFallbackBaseUrl,
  };
  window.flet.flutterAppLoaded = _flutter.loader.load({
    config, nonce,
    onEntrypointLoaded: async (engineInitializer) => {
      const engine = await engineInitializer.initializeEngine(config);
      window.flet.flutterApp = await engine.runApp();
    },
  }).catch((error) => {
    clearTimeout(late);
    failed(`The front end could not start (${error}). It needs a browser with WebAssembly.`);
  });
})();
