// App: the console: signing in, the two views by the part of the URL behind #, and the dialog in
// which every act is confirmed.
import { render } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ask, html, Refused } from './api.js';
import { Overview } from './overview.js';
import { Subscriber } from './subscriber.js';

const REFRESH_MS = 5_000;
/** How the sentence begins that stands above figures which could not be read anew. */
const SILENT = 'What is shown could not be read anew.';

async function readOverview() {
  const [overview, ready, hearing, suspicions, halts] = await Promise.all([
    ask('GET', '/v1/overview'),
    ask('GET', '/health/ready'),
    ask('GET', '/v1/hearing'),
    ask('GET', '/v1/hearing/suspicions'),
    ask('GET', '/v1/halts'),
  ]);
  return {
    overview,
    ready,
    hearing,
    suspicions: suspicions.suspicions,
    halts: halts.halts,
    atMs: Date.now(),
  };
}

function SignIn({ onDone }) {
  const [problem, setProblem] = useState('');
  const submit = async (event) => {
    event.preventDefault();
    const { key, person } = event.target.elements;
    localStorage.setItem('person', person.value.trim());
    try {
      await ask('POST', '/console/session', { key: key.value.trim() });
      onDone();
    } catch (thrown) {
      if (!(thrown instanceof Refused)) throw thrown;
      setProblem(thrown.message);
    }
  };
  return html`<main class="sign-in"><h1>Bailiff</h1>
    <form onSubmit=${submit}>
      <label>API key with the scope operator <input name="key" type="password" autocomplete="off" required /></label>
      <label>Your name, for the record <input name="person" autocomplete="name" defaultValue=${localStorage.getItem('person') ?? ''} maxlength="100" /></label>
      <button>Sign in</button>
      <p role="alert">${problem}</p>
    </form></main>`;
}

/** Asks for confirmation, and for a reason or a number where the act needs one. */
function Confirm({ wanted, onEnd }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const done = useRef(/** @type {string | null} */ (null));
  const [problem, setProblem] = useState('');
  useEffect(() => {
    if (wanted !== null) dialog.current?.showModal();
    done.current = null;
    setProblem('');
  }, [wanted]);
  if (wanted === null) return null;
  const submit = async (event) => {
    event.preventDefault();
    const reason = event.target.elements.reason?.value.trim();
    const number = event.target.elements.number?.value;
    const body =
      wanted.body === undefined
        ? undefined
        : {
            ...wanted.body,
            ...(wanted.reason ? { reason } : {}),
            ...(wanted.number ? { [wanted.number.name]: Number(number) } : {}),
          };
    try {
      await ask(wanted.method, wanted.route, body);
      done.current = `${wanted.title}: done.`;
      // Closing gives the focus back to the button that opened it; removing it would not.
      dialog.current?.close();
    } catch (thrown) {
      if (!(thrown instanceof Refused)) throw thrown;
      setProblem(thrown.message);
    }
  };
  return html`<dialog ref=${dialog} onClose=${() => onEnd(done.current)} aria-labelledby="confirm">
    <form onSubmit=${submit}>
      <h2 id="confirm">${wanted.title}?</h2>
      <p>${wanted.text ?? ''}</p>
      ${wanted.number ? html`<label>${wanted.number.label} <input name="number" type="number" min="0" step="1" required /></label>` : ''}
      ${wanted.reason ? html`<label>Why; it goes on record <input name="reason" required minlength="3" maxlength="500" /></label>` : ''}
      <p role="alert">${problem}</p>
      <menu><button type="button" onClick=${() => dialog.current?.close()}>Cancel</button><button class="danger">${wanted.title}</button></menu>
    </form></dialog>`;
}

const placeOf = () => {
  const found = /^#\/subscriber\/(.+)$/.exec(location.hash);
  return found === null
    ? { view: 'overview' }
    : { view: 'subscriber', id: decodeURIComponent(found[1] ?? '') };
};

function App() {
  const [signedIn, setSignedIn] = useState(/** @type {boolean | null} */ (null));
  const [needed, setNeeded] = useState(true);
  const [place, setPlace] = useState(placeOf());
  const [data, setData] = useState(/** @type {any} */ (null));
  const [wanted, setWanted] = useState(/** @type {any} */ (null));
  const [said, setSaid] = useState('');
  const [version, setVersion] = useState(0);
  const look = () =>
    ask('GET', '/console/session').then((found) => {
      setSignedIn(found.signedIn);
      setNeeded(found.needed);
    });
  useEffect(() => {
    void look();
    const moved = () => {
      setPlace(placeOf());
      scrollTo(0, 0);
      document.getElementById('main')?.focus();
    };
    addEventListener('hashchange', moved);
    return () => removeEventListener('hashchange', moved);
  }, []);
  useEffect(() => {
    document.title = place.view === 'subscriber' ? `${place.id} · Bailiff` : 'Bailiff';
  }, [place]);
  useEffect(() => {
    if (signedIn !== true) return undefined;
    let stopped = false;
    const read = () =>
      readOverview().then(
        (found) => {
          if (stopped) return;
          setData(found);
          setSaid((each) => (each.startsWith(SILENT) ? '' : each));
        },
        (thrown) => {
          if (thrown instanceof Refused && thrown.status === 401) setSignedIn(false);
          else if (!stopped) setSaid(`${SILENT} ${thrown.message}`);
        },
      );
    void read();
    const timer = setInterval(read, REFRESH_MS);
    return () => {
      stopped = true;
      clearInterval(timer);
    };
  }, [signedIn, version]);
  if (signedIn === null) return html`<p>…</p>`;
  if (!signedIn) return html`<${SignIn} onDone=${look} />`;
  const search = (event) => {
    event.preventDefault();
    const id = event.target.elements.id.value.trim();
    if (id !== '') location.hash = `#/subscriber/${encodeURIComponent(id)}`;
  };
  const signOut = async () => {
    await ask('DELETE', '/console/session');
    setData(null);
    await look();
  };
  return html`
    <a class="skip" href="#main" onClick=${(event) => {
      event.preventDefault();
      document.getElementById('main')?.focus();
    }}>Skip to the content</a>
    <header>
      <h1><a href="#/">Bailiff</a></h1>
      <span class="network">${data?.ready.network ?? ''}</span>
      <form role="search" onSubmit=${search}><label>Subscriber <input name="id" type="search" /></label><button>Show</button></form>
      ${needed ? html`<button onClick=${signOut}>Sign out</button>` : html`<span>no key is needed here</span>`}
    </header>
    <p class="said" role="status">${said}</p>
    <main id="main" tabindex="-1">
      ${
        place.view === 'subscriber'
          ? html`<${Subscriber} key=${place.id} id=${place.id} act=${setWanted} version=${version} />`
          : data === null
            ? html`<p>Reading …</p>`
            : html`<${Overview} data=${data} act=${setWanted} />`
      }
    </main>
    <${Confirm} wanted=${wanted} onEnd=${(text) => {
      setWanted(null);
      if (text === null) return;
      setSaid(text);
      setVersion((each) => each + 1);
    }} />`;
}

render(html`<${App} />`, /** @type {HTMLElement} */ (document.getElementById('app')));
