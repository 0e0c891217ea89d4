// Keeps the page itself on the device, so that a reload works while the agent is
// starting. Verdicts always come from the agent.
const name = "door-{{.Version}}";
const files = {{.Files}};

addEventListener("install", (e) => e.waitUntil(caches.open(name).then((c) => c.addAll(files)).then(() => skipWaiting())));
addEventListener("activate", (e) => e.waitUntil(caches.keys().then((all) => Promise.all(all.filter((k) => k !== name).map((k) => caches.delete(k)))).then(() => clients.claim())));
addEventListener("fetch", (e) => {
  const url = new URL(e.request.url);
  if (e.request.method !== "GET" || url.origin !== location.origin || !files.includes(url.pathname)) return;
  e.respondWith(fetch(e.request).then((answer) => {
    if (answer.ok) { const copy = answer.clone(); caches.open(name).then((c) => c.put(e.request, copy)); }
    return answer;
  }).catch(() => caches.match(e.request, { ignoreSearch: true })));
});
