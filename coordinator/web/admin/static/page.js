// Keeps the page up to date: a snapshot at most once a second, by server-sent events, or by asking where those fail.
'use strict';

const STALE_MS = 6000, ASK_MS = 3000;
const body = document.body, link = document.getElementById('link');
const icon = document.querySelector('link[rel=icon]');
let elements = new Map(), last = Date.now(), lost = false, renewing = false, source = null, started = '', restarted = false;

const day = new Intl.DateTimeFormat(undefined, {day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit'});
const clock = new Intl.DateTimeFormat(undefined, {hour: '2-digit', minute: '2-digit', second: '2-digit'});

function localise(time) {
  const at = new Date(time.dateTime);
  if (!time.dateTime || isNaN(at)) { time.textContent = time.dateTime ? time.textContent : '–'; return; }
  time.textContent = (Math.abs(Date.now() - at) < 43200000 ? clock : day).format(at);
  time.title = at.toLocaleString();
}

function gather() {
  elements = new Map([...document.querySelectorAll('[data-live]')].map((element) => [element.dataset.live, element]));
}

function put(element, value) {
  const [text, kind] = Array.isArray(value) ? value : [value];
  if (kind !== undefined && element.dataset.kind !== kind) element.dataset.kind = kind;
  if (element instanceof HTMLTimeElement) {
    if (element.dateTime !== text) { element.dateTime = text; localise(element); }
  } else if (element instanceof SVGPathElement) {
    element.setAttribute('d', text);
  } else if ('html' in element.dataset) {
    if (element.content !== text && !element.matches(':hover, :focus-within')) {
      element.content = text;
      element.innerHTML = text;
      element.querySelectorAll('time').forEach(localise);
    }
  } else if (element.textContent !== text) {
    element.textContent = text;
  }
}

function show(snapshot) {
  last = Date.now();
  if (started && started !== snapshot.started) restarted = true;
  started = snapshot.started;
  setLost(false);
  for (const [key, value] of Object.entries(snapshot.cells)) {
    const element = elements.get(key);
    if (element) put(element, value);
  }
  document.title = snapshot.cells.title;
  icon.href = body.dataset['icon' + {ok: 'Ok', warn: 'Warn', bad: 'Bad'}[snapshot.cells.state[1]]];
  if (snapshot.shape !== body.dataset.shape) renew();
}

// Something is there that the page was not made with, such as a new scanner: take it over from a fresh page.
async function renew() {
  if (renewing) return;
  renewing = true;
  try {
    const answer = await fetch('./?renew', {credentials: 'same-origin', redirect: 'manual'});
    if (!answer.ok) { if (answer.type === 'opaqueredirect') location.reload(); return; }
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const mine = document.getElementById('rows'), theirs = fresh.getElementById('rows');
    let whole = true;
    for (const id of mine && theirs ? ['next', 'sweeps', 'policy'] : ['scanners', 'sweeps', 'policy']) {
      const old = document.getElementById(id);
      // What somebody is typing in stays until they are done; then the next snapshot finds the page old again.
      if (old.contains(document.activeElement)) whole = false;
      else old.replaceWith(fresh.getElementById(id));
    }
    if (mine && theirs) mergeRows(mine, theirs);
    if (whole) body.dataset.shape = fresh.body.dataset.shape;
    document.querySelectorAll('time').forEach(localise);
    gather();
  } catch { /* The connection is gone: noticed elsewhere. */ } finally { renewing = false; }
}

// Rows that are there keep their place and what is typed in them; only those that differ are touched.
function mergeRows(mine, theirs) {
  const wanted = new Set([...theirs.children].map((row) => row.dataset.row));
  const kept = new Map();
  for (const row of [...mine.children]) wanted.has(row.dataset.row) ? kept.set(row.dataset.row, row) : row.remove();
  let place = mine.firstElementChild;
  for (const row of [...theirs.children]) {
    const old = kept.get(row.dataset.row);
    if (old && old === place) place = place.nextElementSibling;
    if (!old) mine.insertBefore(row, place);
    else if (old.dataset.shape !== row.dataset.shape) old.replaceWith(row);
  }
}

function setLost(now) {
  lost = now;
  body.classList.toggle('lost', lost);
  link.dataset.kind = lost ? 'bad' : 'ok';
  link.firstChild.textContent = lost ? 'Connection lost; data of ' : restarted ? 'The coordinator was restarted. Live, ' : 'Live, ';
  if (lost) { icon.href = body.dataset.iconLost; document.title = '? ' + document.title; }
}

async function ask() {
  try {
    const answer = await fetch('live', {credentials: 'same-origin'});
    if (answer.status === 401) location.reload();
    else if (answer.ok) show(await answer.json());
  } catch { if (!lost) setLost(true); }
}

function listen() {
  source = new EventSource('events');
  source.onmessage = (event) => show(JSON.parse(event.data));
  source.addEventListener('tick', (event) => { last = Date.now(); put(elements.get('at'), event.data); if (lost) ask(); });
  source.onerror = ask;
  source.addEventListener('end', () => { source.close(); location.reload(); });
}

gather();
document.querySelectorAll('time').forEach(localise);
setLost(false);
if ('EventSource' in window) listen();
setInterval(() => {
  const quiet_ms = Date.now() - last;
  if (quiet_ms > STALE_MS && !lost) setLost(true);
  if (!source || source.readyState === EventSource.CLOSED || quiet_ms > STALE_MS) ask();
  if (source && source.readyState === EventSource.CLOSED && quiet_ms < STALE_MS) listen();
}, ASK_MS);
