// Starts Flutter, and tells what it cannot: that the connection is gone, that somebody signed out, that nothing starts.
"use strict";
(() => {
  const { base, socket, nonce } = document.documentElement.dataset;
  const loading = document.getElementById("loading");
  const told = document.getElementById("told");
  const SIGNED_OUT = 4401;
  const FULL = 4429;
  const AWAY_MS = 1500;

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

  function say(text) {
    told.textContent = text;
    told.hidden = !text;
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
    } else if (event.code === FULL) {
      opened();
      say("Too many windows of yours are open. Close one, then reload this page.");
    } else {
      away ||= setTimeout(() => say("There is no connection to the server. Trying again."), AWAY_MS);
    }
  }
  window.WebSocket = class extends WebSocket {
    constructor(...given) {
      super(...given);
      this.addEventListener("open", opened);
      this.addEventListener("close", closed);
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
