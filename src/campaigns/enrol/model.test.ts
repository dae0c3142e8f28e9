/**
 * One person in one campaign, told twice: by the engine, and by a model of campaigns.md §3 that is small, slow and shares no code with it. Random
 * scripts (what they do and when, what is learnt of them, pauses, edits) must lead to the same decisions in both. `MODEL_SEED` plays one again.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Step } from '../../../contract/campaign.ts';
import type { Seen } from '../match/facts.ts';
import { versionOf, type Version } from '../steps/version.ts';
import { BEGAN_MS, mailed, somebody, type Published } from '../testing/somebody.ts';
import { seededRandom } from '../../../test/support/random.ts';
import { onDue, onEvent } from './engine.ts';
import { moveTo, onResumed } from './steered.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** All happens at quarters of an hour, so that much happens at one instant; what is put off by less stays between two of them. */
const GRID_MS = 15 * MINUTE_MS;
const LATE_MS = 24 * HOUR_MS;

type Did = { name: string; atMs: number; k: number; isHistory: boolean };
type Act =
  | { do: 'event'; event: Did }
  | { do: 'learn'; city: string }
  | { do: 'pause'; what: 'all' | 'entering' }
  | { do: 'resume'; mode: 'shift' | 'catch_up' }
  | { do: 'publish'; steps: Step[] };
type Script = { file: Published; acts: { atMs: number; act: Act }[]; untilMs: number };

const ms = (text: string): number => Number(text.slice(0, -1)) * (text.endsWith('h') ? HOUR_MS : MINUTE_MS);

// —— The model ——

type Event = Did & { receivedMs: number; order: number };
type Run = {
  key: string;
  trigger: Event;
  enteredMs: number;
  step: string;
  sinceMs: number;
  dueMs: number;
  heldMs: number;
  lateMs: number;
  isPending: boolean;
  /** Put before a step by an edit. */
  isBefore: boolean;
  heard: Map<string, Event>;
  log: string[];
};

class Model {
  readonly logs: string[][] = [];
  refused = 0;
  #runs: Run[] = [];
  #steps: readonly Step[];
  #city: string | undefined;
  #paused: 'all' | 'entering' | undefined;
  #pausedMs = 0;
  readonly #events: Event[] = [];
  readonly #keys = new Set<string>();
  #lastMs = -Infinity;
  readonly #file: Published;

  constructor(file: Published) {
    this.#file = file;
    this.#steps = file.steps;
  }

  /** What is due before an instant, the earliest first. */
  fire(untilMs: number): void {
    for (;;) {
      const [next] = this.#runs.filter(({ dueMs }) => dueMs < untilMs).sort((a, b) => a.dueMs - b.dueMs);
      if (!next || this.#paused === 'all') return;
      if (next.isPending) this.#refuse(next);
      else this.#due(next);
    }
  }

  act(act: Act, atMs: number): void {
    if (act.do === 'event')
      return this.#take({ ...act.event, receivedMs: atMs, order: this.#events.length + 1 });
    if (act.do === 'learn') {
      this.#city = act.city;
      return this.#decideAll(atMs);
    }
    if (act.do === 'pause') {
      if (this.#paused === 'all') return;
      if (this.#paused !== act.what) this.#pausedMs = atMs;
      this.#paused = act.what;
      return;
    }
    if (act.do === 'resume') return this.#resume(act.mode, atMs);
    this.#publish(act.steps, atMs);
  }

  #take(event: Event): void {
    this.#events.push(event);
    if (event.isHistory) return;
    for (const run of this.#runs) {
      if (run.isPending) continue;
      const step = this.#at(run);
      if (this.#paused !== 'all' && step && this.#ends(step, run, event)) {
        run.lateMs = 0;
        this.#done(step, run, event, event.receivedMs);
      }
      const isOut = this.#exits(run, event) && event.atMs >= Math.min(run.enteredMs, run.trigger.atMs);
      if (this.#runs.includes(run) && isOut) this.#leave(run, 'exited: event');
    }
    if (event.name === 'in') this.#enter(event);
  }

  #exits(run: Run, event: Event): boolean {
    return (this.#file.exits ?? []).some(
      (exit) => exit.event === event.name && (!exit.match || event.k === run.trigger.k),
    );
  }

  #enter(event: Event): void {
    const { entry = 'every', whileActive = 'ignore', cooldown } = this.#file;
    const key = entry === 'once' ? 'once' : entry === 'every' ? `event ${event.order}` : `per ${event.k}`;
    const atMs = event.receivedMs;
    if (this.#paused) return void this.refused++;
    if (atMs - event.atMs > 72 * HOUR_MS) return void this.refused++;
    const isUsed = this.#keys.has(key);
    if (this.#runs.length && whileActive !== 'alongside') {
      const run = this.#runs.find(({ isPending }) => !isPending);
      const isLetIn = !this.#file.filter || this.#city === 'Rome';
      if (run && whileActive === 'restart' && !isUsed && isLetIn) {
        this.#leave(run, 'exited: restarted');
        return this.#begin(key, event);
      }
      const waiting = run ? undefined : this.#runs[0];
      if (waiting && whileActive === 'refresh') {
        Object.assign(waiting, {
          trigger: event,
          enteredMs: atMs,
          sinceMs: atMs,
          dueMs: atMs + 2 * MINUTE_MS,
        });
        return this.#decide(waiting, atMs);
      }
      if (waiting && whileActive === 'restart' && !isUsed) {
        this.#runs = this.#runs.filter((one) => one !== waiting);
        return this.#begin(key, event);
      }
      if (run && whileActive === 'refresh') {
        run.trigger = event;
        run.log.push('refreshed');
        const step = this.#at(run);
        if (step && !run.isBefore && ('wait' in step || 'wait_for' in step)) this.#come(run, step.key, atMs);
      }
      return void this.refused++;
    }
    if (isUsed || (cooldown && atMs - this.#lastMs < ms(cooldown))) return void this.refused++;
    this.#begin(key, event);
  }

  #begin(key: string, trigger: Event): void {
    const atMs = trigger.receivedMs;
    const stands = { step: '', sinceMs: atMs, dueMs: atMs + 2 * MINUTE_MS, heldMs: 0, lateMs: 0 };
    const of = { key, trigger, enteredMs: atMs, heard: new Map(), log: [] };
    const run: Run = { ...of, ...stands, isPending: true, isBefore: false };
    this.#runs = [...this.#runs.filter((one) => one.key !== key || !one.isPending), run];
    this.#decide(run, atMs);
  }

  #decideAll(atMs: number): void {
    if (this.#paused === 'all') return;
    for (const run of this.#runs) {
      if (!run.isPending || !this.#runs.includes(run)) continue;
      const others = this.#runs.filter((one) => !one.isPending);
      const { whileActive = 'ignore', cooldown } = this.#file;
      const isOut =
        this.#paused ||
        this.#keys.has(run.key) ||
        (others.length && whileActive !== 'alongside') ||
        (cooldown && atMs - this.#lastMs < ms(cooldown));
      if (isOut) this.#refuse(run);
      else this.#decide(run, atMs);
    }
  }

  #decide(run: Run, atMs: number): void {
    if (this.#file.filter && this.#city !== 'Rome') {
      if (this.#city !== undefined || atMs >= run.dueMs) this.#refuse(run);
      return;
    }
    run.isPending = false;
    run.enteredMs = atMs;
    this.#keys.add(run.key);
    this.#lastMs = Math.max(this.#lastMs, atMs);
    this.logs.push(run.log);
    run.log.push('entered');
    const { trigger } = run;
    const isOut = this.#events.some(
      (event) =>
        !event.isHistory &&
        (event.atMs > trigger.atMs || (event.atMs === trigger.atMs && event.order > trigger.order)) &&
        this.#exits(run, event),
    );
    if (isOut) this.#leave(run, 'exited: event');
    else this.#come(run, this.#steps[0]!.key, atMs);
  }

  #refuse(run: Run): void {
    this.#runs = this.#runs.filter((one) => one !== run);
    this.refused++;
  }

  #leave(run: Run, what: string): void {
    this.#runs = this.#runs.filter((one) => one !== run);
    run.log.push(what);
  }

  #at({ step }: Run): Step | undefined {
    return this.#steps.find(({ key }) => key === step);
  }

  /** Somebody comes to a step; goes on as long as nothing is waited for. */
  #come(run: Run, key: string, atMs: number): void {
    Object.assign(run, { step: key, sinceMs: atMs, dueMs: atMs, heldMs: 0, isBefore: false });
    const { lateMs } = run;
    if (key === 'end') return this.#leave(run, 'completed');
    const step = this.#at(run);
    if (!step) return this.#leave(run, 'exited: step_removed');
    if ('wait' in step) {
      run.lateMs = 0;
      run.dueMs = atMs + ms(step.wait.for);
      run.log.push(`waits ${key}`);
    } else if ('wait_for' in step) {
      const found = this.#found(step, run);
      if (found) return this.#done(step, run, found, atMs);
      run.lateMs = 0;
      run.dueMs = atMs + ms(step.wait_for.timeout) + this.#grace(step);
      run.log.push(`waits ${key}`);
    } else if ('send' in step) {
      if (lateMs > LATE_MS) run.log.push(`suppressed ${key}`);
      else if (this.#file.filter && this.#file.checkFilter !== 'never' && this.#city !== 'Rome')
        return this.#leave(run, 'exited: filter');
      else run.log.push(`sends ${key}`);
      this.#come(run, this.#next(step, 'next'), atMs);
    } else throw new Error('not in a script');
  }

  #next(step: Step, edge: string, steps = this.#steps): string {
    return step.then?.[edge] ?? steps[steps.indexOf(step) + 1]?.key ?? 'end';
  }

  #grace(step: Step): number {
    if (!('wait_for' in step) || !step.wait_for.grace) return 0;
    return Math.min(MINUTE_MS, ms(step.wait_for.timeout) / 10);
  }

  #ends(step: Step, run: Run, event: Event): boolean {
    if (!('wait_for' in step)) return false;
    const { event: name, timeout, since, match } = step.wait_for;
    if (event.isHistory || event.name !== name) return false;
    const from =
      since === 'step'
        ? run.sinceMs
        : since === undefined || since === 'trigger'
          ? run.trigger.atMs
          : run.sinceMs - ms(since.ago);
    if (event.atMs < from || event.atMs > run.sinceMs + run.heldMs + ms(timeout)) return false;
    const last = run.heard.get(name);
    if (last && (event.atMs < last.atMs || event === last)) return false;
    // What set them off is not what they wait for; of one instant only what came behind it.
    if (name === 'in' && event.atMs === run.trigger.atMs && event.order <= run.trigger.order) return false;
    return !match || event.k === run.trigger.k;
  }

  #found(step: Step, run: Run): Event | undefined {
    const done = this.#events.filter((event) => this.#ends(step, run, event));
    return done.sort((a, b) => a.atMs - b.atMs || a.order - b.order)[0];
  }

  #done(step: Step, run: Run, event: Event, atMs: number): void {
    run.heard.set(event.name, event);
    run.log.push(`done ${step.key}`);
    this.#come(run, this.#next(step, 'done'), atMs);
  }

  #due(run: Run): void {
    const step = this.#at(run);
    const atMs = run.dueMs;
    if (run.isBefore || !step) return this.#come(run, run.step, atMs);
    if (!('wait_for' in step)) {
      run.log.push(`next ${run.step}`);
      return this.#come(run, this.#next(step, 'next'), atMs);
    }
    const found = this.#found(step, run);
    if (found) return this.#done(step, run, found, atMs);
    run.log.push(`timeout ${run.step}`);
    this.#come(run, this.#next(step, 'timeout'), Math.max(run.sinceMs, atMs - this.#grace(step)));
  }

  #resume(mode: 'shift' | 'catch_up', atMs: number): void {
    const was = this.#paused;
    this.#paused = undefined;
    if (was !== 'all') return;
    for (const run of this.#runs) {
      if (run.isPending) {
        run.dueMs = atMs + Math.max(0, run.dueMs - Math.max(this.#pausedMs, run.sinceMs));
        continue;
      }
      const stoodMs = mode === 'shift' ? atMs - Math.max(this.#pausedMs, run.sinceMs) : 0;
      run.heldMs += stoodMs;
      const step = this.#at(run);
      const restMs =
        step && 'wait' in step
          ? ms(step.wait.for)
          : step && 'wait_for' in step
            ? ms(step.wait_for.timeout) + this.#grace(step)
            : 0;
      if (mode === 'shift') run.dueMs = run.sinceMs + run.heldMs + (run.isBefore ? 0 : restMs);
      else if (run.dueMs <= atMs) run.lateMs += atMs - run.dueMs;
      run.dueMs = Math.max(run.dueMs, atMs);
    }
    for (const run of this.#runs) {
      const step = this.#at(run);
      const found = !run.isPending && step && 'wait_for' in step ? this.#found(step, run) : undefined;
      if (!found) continue;
      run.lateMs = 0;
      this.#done(step!, run, found, atMs);
    }
    this.#decideAll(atMs);
  }

  #publish(steps: readonly Step[], atMs: number): void {
    const before = this.#steps;
    for (const run of this.#runs) {
      if (run.isPending) continue;
      const was = before.find(({ key }) => key === run.step)!;
      const is = steps.find(({ key }) => key === run.step);
      if (!is) {
        let key = run.step;
        for (let n = 0; n <= before.length && !steps.some((one) => one.key === key); n++) {
          const step = before.find((one) => one.key === key);
          if (!step) break;
          key = this.#next(step, 'wait_for' in step ? 'timeout' : 'next', before);
        }
        const isLeft = steps.some((one) => one.key === key);
        Object.assign(run, {
          step: isLeft ? key : run.step,
          sinceMs: atMs,
          dueMs: atMs,
          heldMs: 0,
          lateMs: 0,
          isBefore: true,
        });
        continue;
      }
      const lasts = (step: Step) =>
        'wait' in step
          ? ms(step.wait.for)
          : 'wait_for' in step
            ? ms(step.wait_for.timeout) + this.#grace(step)
            : 0;
      if (run.isBefore || lasts(was) === lasts(is)) continue;
      const dueMs = run.sinceMs + run.heldMs + lasts(is);
      // Spread over ten minutes: somewhere before the next quarter.
      run.dueMs = dueMs > atMs ? dueMs : atMs + 5 * MINUTE_MS;
    }
    this.#steps = steps;
  }
}

// —— The engine ——

function byEngine({ file, acts, untilMs }: Script): { logs: string[]; refused: number } {
  const ann = somebody([file]);
  const { live, member, changes } = ann;
  const did: Seen[] = [];
  member.facts = {
    ...member.facts,
    events: (name, sinceMs = -Infinity) =>
      did
        .filter((one) => one.name === name && one.atMs >= sinceMs)
        .toSorted((a, b) => b.atMs - a.atMs || b.order - a.order),
  };
  const campaign = ann.campaign(file.key);
  const state = { refused: 0, pausedMs: 0 };
  const refuse = changes.refuse.bind(changes);
  changes.refuse = (...args) => {
    state.refused++;
    refuse(...args);
  };
  const fire = (beforeMs: number) => {
    for (;;) {
      const [next] = [...member.enrolments.values()]
        .filter(({ place }) => place.dueMs < beforeMs)
        .sort((a, b) => a.place.dueMs - b.place.dueMs);
      if (!next || campaign.paused === 'all') return;
      onDue(live, member, next, next.place.dueMs, 0, changes);
    }
  };
  for (const { atMs, act } of acts) {
    fire(atMs);
    if (act.do === 'event') {
      const order = did.length + 1;
      const { name, atMs: doneMs, k, isHistory } = act.event;
      const event = { name, atMs: doneMs, receivedMs: atMs, key: order, order, properties: { k }, isHistory };
      did.push(event);
      onEvent(live, member, event, atMs, changes);
    } else if (act.do === 'learn') ann.becomes({ city: act.city }, atMs);
    else if (act.do === 'pause') {
      if (campaign.paused === 'all') continue;
      if (campaign.paused !== act.what) state.pausedMs = atMs;
      campaign.paused = act.what;
    } else if (act.do === 'resume') {
      const was = campaign.paused;
      campaign.paused = null;
      const { pausedMs } = state;
      const byMs = act.mode === 'shift' ? atMs - pausedMs : 0;
      const inside = was === 'all' ? [...member.enrolments.values()] : [];
      for (const one of inside) onResumed(live, member, one, { pausedMs, byMs, overMs: 0 }, atMs, changes);
    } else {
      const from = campaign.version;
      const id = from.id + 1;
      const to: Version = versionOf({ ...from, id, number: id, file: { ...from.file, steps: act.steps } });
      campaign.version = to;
      (live.versions as Map<number, Version>).set(id, to);
      const inside = [...member.enrolments.values()];
      for (const one of inside) moveTo(member, one, from, to, atMs, changes);
    }
  }
  fire(untilMs);
  const runs = Map.groupBy(changes.log, ({ enrolmentId }) => enrolmentId);
  const told = [...runs.values()].map((log) =>
    log
      .filter(({ what }) => what !== 'late' && what !== 'moved')
      .map(({ what, step }) => (step && !/^exited|^completed/.test(what) ? `${what} ${step}` : what)),
  );
  return { logs: told.map((log) => log.join(', ')).toSorted(), refused: state.refused };
}

function byModel({ file, acts, untilMs }: Script): { logs: string[]; refused: number } {
  const model = new Model(file);
  for (const { atMs, act } of acts) {
    model.fire(atMs);
    model.act(act, atMs);
  }
  model.fire(untilMs);
  return { logs: model.logs.map((log) => log.join(', ')).toSorted(), refused: model.refused };
}

// —— Scripts ——

function scriptOf(seed: number): Script {
  const random = seededRandom(seed);
  const one = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)]!;
  const is = (share: number) => random() < share;
  const lasting = () => one(['15m', '30m', '1h', '2h', '5h', '30h']);
  let keys = 0;
  const newStep = (): Step => {
    const key = `s${keys++}`;
    const kind = random();
    if (kind < 0.35) return mailed(key);
    if (kind < 0.6) return { key, wait: { for: lasting() } };
    const since = one([undefined, undefined, 'step' as const, { ago: lasting() }]);
    return {
      key,
      wait_for: {
        event: one(['x', 'x', 'y', 'in']),
        timeout: lasting(),
        ...(since ? { since } : {}),
        ...(is(0.3) ? { match: { k: 'k' } } : {}),
        ...(is(0.3) ? { grace: true } : {}),
      },
    };
  };
  /** With edges that lead on. */
  const led = (steps: readonly Step[]): Step[] =>
    steps.map(({ then: _then, ...step }, i) => {
      const ahead = ['end', ...steps.slice(i + 1).map(({ key }) => key)];
      if (!('wait_for' in step) || is(0.4)) return step;
      return { ...step, then: is(0.5) ? { timeout: one(ahead) } : { done: one(ahead) } };
    });
  let steps = led(Array.from({ length: 2 + Math.floor(random() * 4) }, newStep));
  const cooldown = is(0.2) ? lasting() : undefined;
  const file: Published = {
    key: 'c',
    trigger: { event: { did: 'in' } },
    entry: one(['once' as const, 'every' as const, 'every' as const, { per: 'k' }]),
    whileActive: one(['ignore' as const, 'restart' as const, 'refresh' as const, 'alongside' as const]),
    ...(cooldown ? { cooldown } : {}),
    ...(is(0.4) ? { filter: { attribute: 'city', is: 'Rome' } } : {}),
    ...(is(0.3) ? { checkFilter: 'never' as const } : {}),
    ...(is(0.5) ? { exits: [{ event: one(['out', 'x']), ...(is(0.4) ? { match: { k: 'k' } } : {}) }] } : {}),
    steps,
  };
  const edited = (): Step[] => {
    const at = Math.floor(random() * steps.length);
    const how = random();
    if (how < 0.35 && steps.length > 1) return led(steps.toSpliced(at, 1));
    if (how < 0.5) return led(steps.toSpliced(at, 0, newStep()));
    const longer = steps.map((step): Step => {
      if ('wait' in step && is(0.6)) return { ...step, wait: { for: lasting() } };
      return 'wait_for' in step && is(0.6)
        ? { ...step, wait_for: { ...step.wait_for, timeout: lasting() } }
        : step;
    });
    return is(0.5) ? led(longer) : longer;
  };
  let atMs = BEGAN_MS;
  const act = (): Act => {
    const kind = random();
    if (kind < 0.7) {
      const agoMs = is(0.25) ? GRID_MS * Math.floor(random() * 12) : 0;
      const event = {
        name: one(['in', 'in', 'x', 'y', 'out']),
        atMs: atMs - agoMs,
        k: one([1, 2]),
        isHistory: is(0.08),
      };
      return { do: 'event', event };
    }
    if (kind < 0.76) return { do: 'learn', city: one(['Rome', 'Rome', 'Oslo']) };
    if (kind < 0.83) return { do: 'pause', what: one(['all' as const, 'all' as const, 'entering' as const]) };
    if (kind < 0.92) return { do: 'resume', mode: one(['shift' as const, 'catch_up' as const]) };
    steps = edited();
    return { do: 'publish', steps };
  };
  const acts = Array.from({ length: 4 + Math.floor(random() * 14) }, () => {
    // A minute later is within what is waited for who lacks an attribute.
    atMs += one([0, 0, 1, 1, 1, 2, 4, 12, 104]) * GRID_MS;
    return { atMs, act: act() };
  });
  acts.push({ atMs, act: { do: 'resume', mode: 'shift' } });
  return { file, acts, untilMs: atMs + 400 * HOUR_MS };
}

/** The shortest script still told apart that leaving out acts comes to. */
function shortened(script: Script): Script {
  for (let i = script.acts.length - 1; i >= 0; i--) {
    const shorter = { ...script, acts: script.acts.toSpliced(i, 1) };
    if (differs(shorter)) return shortened(shorter);
  }
  return script;
}

function differs(script: Script): boolean {
  return JSON.stringify(byEngine(script)) !== JSON.stringify(byModel(script));
}

function inWords({ file, acts }: Script): string {
  const { key: _key, trigger: _trigger, ...rest } = file;
  const told = acts.map(({ atMs, act }) => {
    const hours = (of: number) => `${(of - BEGAN_MS) / HOUR_MS}h`;
    const { do: what, ...more } = act;
    const event = 'event' in more ? { ...more.event, atMs: hours(more.event.atMs) } : more;
    return `${hours(atMs)} ${what} ${JSON.stringify(event)}`;
  });
  return [JSON.stringify(rest), ...told].join('\n');
}

test('campaigns.md §3: of random scripts the engine decides what the model does', () => {
  const given = process.env['MODEL_SEED'];
  const most = Number(process.env['MODEL_SEEDS'] ?? 1_500);
  const seeds = given === undefined ? Array.from({ length: most }, (_, i) => i) : [Number(given)];
  let entered = 0;
  for (const seed of seeds) {
    const script = scriptOf(seed);
    entered += byModel(script).logs.length;
    if (!differs(script)) continue;
    const short = shortened(script);
    assert.deepEqual(byEngine(short), byModel(short), `MODEL_SEED=${seed}\n${inWords(short)}`);
  }
  assert.ok(entered > seeds.length / 2, 'people enter');
});
