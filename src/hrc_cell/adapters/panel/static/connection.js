// The state of the cell over a WebSocket, and how old it is by this browser's own steady clock.

const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 5000;

export function connect(onState) {
  let retryMs = FIRST_RETRY_MS;
  let socket;
  let timer;

  function open() {
    clearTimeout(timer);
    socket = new WebSocket(`ws://${location.host}/ws`);
    let state = {};  // all of it comes first, then what has changed
    socket.onmessage = (event) => {
      retryMs = FIRST_RETRY_MS;
      state = { ...state, ...JSON.parse(event.data) };
      onState(state, performance.now());
    };
    socket.onclose = () => {
      timer = setTimeout(open, retryMs * (0.5 + Math.random()));
      retryMs = Math.min(2 * retryMs, LAST_RETRY_MS);
    };
  }

  function now() {
    if (document.hidden || (socket && socket.readyState <= WebSocket.OPEN)) return;
    retryMs = FIRST_RETRY_MS;
    open();
  }

  document.addEventListener("visibilitychange", now);
  window.addEventListener("online", now);
  open();
}

// Age in seconds of the oldest thing the page shows, given the snapshot and when it arrived.
export function ageOf(state, arrivedMs, nowMs) {
  if (!state) return Infinity;
  const ages = [state.ages.permit_s, state.ages.task_s === null ? 0 : state.ages.task_s - 0.5];
  const oldest = Math.max(...ages.map((age) => (age === null ? Infinity : age)));
  return Math.max(0, oldest) + (nowMs - arrivedMs) / 1000;
}
