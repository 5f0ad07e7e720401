// The console works without this file: it adds running clocks, the BPMN diagrams and announcements for screen readers.

const SECOND = 1000;

// ---- clocks -------------------------------------------------------------------------------------------------------

function length(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / SECOND));
  const two = (number) => String(number).padStart(2, '0');
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`;
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h ${two(Math.floor(seconds / 60) % 60)} min`;
  return `${Math.floor(seconds / 86400)} d ${Math.floor(seconds / 3600) % 24} h`;
}

function tick() {
  const now = Date.now();
  for (const clock of document.querySelectorAll('[data-since]')) {
    clock.textContent = length(now - Date.parse(clock.dataset.since));
  }
  for (const clock of document.querySelectorAll('[data-due]')) {
    const left = Date.parse(clock.dataset.due) - now;
    clock.textContent = left < 0 ? `overdue by ${length(-left)}` : `due in ${length(left)}`;
    clock.classList.toggle('overdue', left < 0);
    clock.closest('.task, tr')?.classList.toggle('late', left < 0);
  }
}

setInterval(tick, SECOND);
tick();

// ---- tables -------------------------------------------------------------------------------------------------------

/** Gives every cell the name of its column: on a narrow screen rows become cards. */
function label() {
  for (const table of document.querySelectorAll('table:not(.labelled)')) {
    const names = [...table.querySelectorAll('thead th')].map((head) => head.textContent.trim());
    for (const row of table.querySelectorAll('tbody tr')) {
      if (row.cells.length !== names.length) continue;
      [...row.cells].forEach((cell, at) => {
        if (names[at]) cell.dataset.label = names[at];
      });
    }
    table.classList.add('labelled');
  }
}

label();

// ---- diagrams -----------------------------------------------------------------------------------------------------

const VIEWER = new URL('../vendor/bpmn-js/bpmn-navigated-viewer.production.min.js', import.meta.url).href;
const MARKS = { active: 'mark-active', completed: 'mark-done', failed: 'mark-failed' };

/** One tab and one panel per workflow of the incident, kept while the facts around them are refreshed. */
class Diagrams {
  constructor(place) {
    this.place = place;
    this.shown = new Map();
    this.tabs = document.createElement('div');
    this.tabs.className = 'tabs';
    this.tabs.setAttribute('role', 'tablist');
    this.tabs.setAttribute('aria-label', 'Workflows of this incident');
    this.tabs.addEventListener('keydown', (event) => this.arrows(event));
    place.append(this.tabs);
  }

  /** Adds diagrams that were entered meanwhile and moves the marks of those that are shown. */
  refresh() {
    for (const facts of document.querySelectorAll('#steps [data-diagram]')) {
      const name = facts.dataset.diagram;
      const diagram = this.shown.get(name) ?? this.add(name, facts);
      diagram.marks = Object.fromEntries(Object.keys(MARKS).map((kind) => [kind, ids(facts.dataset[kind])]));
      diagram.tab.classList.toggle('has-active', diagram.marks.active.length > 0);
      diagram.tab.classList.toggle('has-failed', diagram.marks.failed.length > 0);
      mark(diagram);
    }
    if (this.current === undefined && this.shown.size > 0) {
      this.show([...this.shown.keys()][0]);
    }
  }

  add(name, facts) {
    const tab = document.createElement('button');
    tab.type = 'button';
    tab.id = `tab-${name}`;
    tab.setAttribute('role', 'tab');
    tab.setAttribute('aria-selected', 'false');
    tab.setAttribute('aria-controls', `panel-${name}`);
    tab.tabIndex = -1;
    tab.textContent = facts.dataset.title;
    tab.addEventListener('click', () => this.show(name));
    const panel = document.createElement('div');
    panel.id = `panel-${name}`;
    panel.className = 'diagram';
    panel.setAttribute('role', 'tabpanel');
    panel.setAttribute('aria-labelledby', tab.id);
    panel.hidden = true;
    const views = document.createElement('div');
    views.className = 'views';
    views.append(
      view('Where it is', () => lookAtNow(this.shown.get(name))),
      view('All of it', () => lookAtAll(this.shown.get(name))),
    );
    const canvas = document.createElement('div');
    canvas.className = 'canvas';
    panel.append(views, canvas);
    this.tabs.append(tab);
    this.place.append(panel);
    const diagram = { tab, panel, canvas, source: facts.dataset.src, marks: {}, added: [] };
    this.shown.set(name, diagram);
    return diagram;
  }

  async show(name) {
    this.current = name;
    for (const [each, diagram] of this.shown) {
      const selected = each === name;
      diagram.panel.hidden = !selected;
      diagram.tab.setAttribute('aria-selected', String(selected));
      diagram.tab.tabIndex = selected ? 0 : -1;
    }
    const diagram = this.shown.get(name);
    // drawn when first seen: a hidden canvas has no size to fit into
    diagram.drawing ??= draw(diagram);
    await diagram.drawing;
  }

  arrows(event) {
    const names = [...this.shown.keys()];
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    const next = names[(names.indexOf(this.current) + step + names.length) % names.length];
    this.show(next);
    this.shown.get(next).tab.focus();
  }
}

function view(title, look) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'quiet';
  button.textContent = title;
  button.addEventListener('click', look);
  return button;
}

const READABLE = 0.75;

function lookAtAll(diagram) {
  diagram.viewer?.get('canvas').zoom('fit-viewport', 'auto');
}

/** The step that runs, failed or was done last, in the middle and large enough to read. */
function lookAtNow(diagram) {
  if (!diagram.viewer) return;
  const elements = diagram.viewer.get('elementRegistry');
  const { failed, active, completed } = diagram.marks;
  const step = [...(failed ?? []), ...(active ?? []), ...(completed ?? []).slice(-1)]
    .map((id) => elements.get(id))
    .find((element) => element?.width);
  if (!step) return;
  const canvas = diagram.viewer.get('canvas');
  const size = canvas.getSize();
  const width = size.width / READABLE;
  const height = size.height / READABLE;
  canvas.viewbox({
    x: step.x + step.width / 2 - width / 2,
    y: step.y + step.height / 2 - height / 2,
    width,
    height,
  });
}

function ids(text) {
  return text ? text.split(' ') : [];
}

async function draw(diagram) {
  const [answer] = await Promise.all([fetch(diagram.source, { credentials: 'same-origin' }), viewerScript()]);
  if (!answer.ok) {
    diagram.canvas.textContent = 'The diagram could not be loaded.';
    return;
  }
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  diagram.viewer = new window.BpmnJS({
    container: diagram.canvas,
    bpmnRenderer: {
      defaultFillColor: colour('--paper'),
      defaultStrokeColor: colour('--ink'),
      defaultLabelColor: colour('--ink'),
    },
  });
  await diagram.viewer.importXML(await answer.text());
  lookAtAll(diagram);
  // a large model that fits is too small to read: begin where the incident stands
  if (diagram.viewer.get('canvas').zoom() < READABLE) lookAtNow(diagram);
  mark(diagram);
}

let loading;

function viewerScript() {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = VIEWER;
    script.addEventListener('load', resolve);
    script.addEventListener('error', reject);
    document.head.append(script);
  });
  return loading;
}

function mark(diagram) {
  if (!diagram.viewer?.getDefinitions()) return;
  const canvas = diagram.viewer.get('canvas');
  const elements = diagram.viewer.get('elementRegistry');
  for (const [id, marker] of diagram.added) canvas.removeMarker(id, marker);
  diagram.added = [];
  for (const [kind, marker] of Object.entries(MARKS)) {
    for (const id of diagram.marks[kind] ?? []) {
      if (elements.get(id)) {
        canvas.addMarker(id, marker);
        diagram.added.push([id, marker]);
      }
    }
  }
}

const place = document.getElementById('diagrams');
const diagrams = place ? new Diagrams(place) : null;
diagrams?.refresh();

/** Who comes for one task finds it open. */
function openTarget() {
  const target = location.hash.startsWith('#task-') ? document.getElementById(location.hash.slice(1)) : null;
  const answer = target?.closest('.task')?.querySelector('details.answer');
  if (answer) answer.open = true;
}

openTarget();
window.addEventListener('hashchange', openTarget);

// ---- refreshes ----------------------------------------------------------------------------------------------------

let state = document.getElementById('live')?.dataset.state;

document.body.addEventListener('htmx:afterSettle', () => {
  tick();
  label();
  diagrams?.refresh();
  const now = document.getElementById('live')?.dataset.state;
  if (now !== undefined && now !== state) {
    document.getElementById('announce').textContent = `The incident is now: ${now}.`;
    state = now;
  }
});

// a page that silently stopped following the incident would be worse than none
const offline = document.getElementById('offline');
for (const lost of ['htmx:sendError', 'htmx:timeout', 'htmx:responseError']) {
  document.body.addEventListener(lost, () => (offline.hidden = false));
}
document.body.addEventListener('htmx:afterRequest', (event) => {
  if (event.detail.successful) offline.hidden = true;
});

// a decision is sent once, however often the button is pressed
document.body.addEventListener('submit', (event) => {
  if (event.defaultPrevented) return;
  if (event.target.dataset.sent) {
    event.preventDefault();
    return;
  }
  event.target.dataset.sent = 'yes';
});
window.addEventListener('pageshow', () => {
  for (const form of document.querySelectorAll('form[data-sent]')) delete form.dataset.sent;
});
