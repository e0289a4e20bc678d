import type { DeploymentEvent, Slot } from "../api";
import { versionOf } from "./format";
import { globMatches } from "./glob";
import { stateOf, type Clock, type State } from "./state";

export interface Filter {
  /**
   * Words that must all match: `shop` anywhere in a service, version or actor, `shop-*` the whole
   * of one, `env:prod*` one field, `a,b` either, `!a` not.
   */
  text: string;
  /** Only slots in this state. */
  status: Exclude<State, "success"> | null;
  /** Only slots that changed in the last hour or day. */
  changed: keyof typeof PERIOD_MS | null;
}

const PERIOD_MS = { hour: 3_600_000, day: 86_400_000 };

/** One text of a slot that a word may mean. Each is read when it is asked for: there are many. */
type Fact = (slot: Slot) => string | undefined;

const SERVICE: Fact[] = [({ current }) => current.service];
const ENVIRONMENT: Fact[] = [({ current }) => current.environment];
const VERSION: Fact[] = [
  ({ current }) => versionOf(current),
  ({ last_successful: serving }) => serving && versionOf(serving),
];
const ACTOR: Fact[] = [({ current }) => current.actor];
const ANYTHING = [...SERVICE, ...VERSION, ...ACTOR];

const FACTS = new Map([
  ["service", SERVICE],
  ["env", ENVIRONMENT],
  ["environment", ENVIRONMENT],
  ["version", VERSION],
  ["by", ACTOR],
  ["actor", ACTOR],
]);

interface Word {
  facts: Fact[];
  isNegated: boolean;
  /** Whether a field's text is meant. */
  means: (text: string) => boolean;
}

interface FilterableRow {
  slots: ReadonlyMap<string, Slot>;
}

/** A function that tells whether a column passes the filter. */
export function columnFilter({ text }: Filter): (environment: string) => boolean {
  const words = parseWords(text).filter(({ facts }) => facts === ENVIRONMENT);
  return (environment) => words.every(({ isNegated, means }) => means(environment) !== isNegated);
}

/** A function that tells whether a row of these columns passes the filter. */
export function rowFilter(
  filter: Filter,
  environments: string[],
  clock: Clock,
): (row: FilterableRow) => boolean {
  if (isPlain(filter)) return () => true;
  const isWanted = slotFilter(filter, clock);
  const unwanted = parseWords(filter.text).filter(({ isNegated }) => isNegated);
  return ({ slots }) => {
    let isShown = false;
    for (const environment of environments) {
      const slot = slots.get(environment);
      if (!slot) continue;
      if (!unwanted.every((word) => passes(word, slot))) return false;
      isShown ||= isWanted(slot);
    }
    return isShown;
  };
}

function isPlain({ text, status, changed }: Filter): boolean {
  return !text.trim() && !status && !changed;
}

/** A function that tells whether a slot passes the filter. */
export function slotFilter(filter: Filter, clock: Clock): (slot: Slot) => boolean {
  const words = parseWords(filter.text);
  return (slot) =>
    (filter.status === null || stateOf(slot, clock) === filter.status) &&
    isRecent(slot.current, filter.changed, clock) &&
    words.every((word) => passes(word, slot));
}

/** A function that tells whether an event passes the filter. */
export function eventFilter(filter: Filter, clock: Clock): (event: DeploymentEvent) => boolean {
  const isWanted = slotFilter(filter, clock);
  return (event) => isWanted({ current: event });
}

function isRecent({ happened_at }: DeploymentEvent, period: Filter["changed"], clock: Clock) {
  return period === null || clock.now - Date.parse(happened_at) <= PERIOD_MS[period];
}

function passes({ facts, isNegated, means }: Word, slot: Slot): boolean {
  for (const fact of facts) {
    const text = fact(slot);
    if (text && means(text)) return !isNegated;
  }
  return isNegated;
}

function parseWords(text: string): Word[] {
  return text.toLowerCase().split(/\s+/).flatMap(parseWord);
}

/** What is not written to its end yet, as `!` or `env:`, says nothing. */
function parseWord(word: string): Word[] {
  const isNegated = word.startsWith("!");
  const sought = isNegated ? word.slice(1) : word;
  const colon = sought.indexOf(":");
  const facts = FACTS.get(sought.slice(0, Math.max(0, colon)));
  const text = facts ? sought.slice(colon + 1) : sought;
  const alternatives = text.split(",").filter(Boolean).map(pattern);
  if (alternatives.length === 0) return [];
  return [
    {
      facts: facts ?? ANYTHING,
      isNegated,
      means: (text) => alternatives.some((isMeant) => isMeant(text.toLowerCase())),
    },
  ];
}

/** A pattern with `*` or `?` means the whole text, any other a part of it. */
function pattern(sought: string): (text: string) => boolean {
  if (/[*?]/.test(sought)) return (text) => globMatches(sought, text);
  return (text) => text.includes(sought);
}
