// While a code is shown the screen stays on. A browser takes the lock away when the
// page is hidden; the code is hidden then too.

let lock = null;

export async function stayAwake() {
  try {
    lock ??= await navigator.wakeLock?.request("screen") ?? null;
    lock?.addEventListener("release", () => { lock = null; });
  } catch { /* not allowed, as with a low battery: the person keeps it on */ }
}

export function sleep() {
  lock?.release().catch(() => {});
  lock = null;
}
