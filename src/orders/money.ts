/**
 * Money as orders tell it: whole numbers of a currency's smallest unit ("cents", also of those that have none), and the text that
 * people read. Pure.
 */

const KNOWN: ReadonlySet<string> = new Set(Intl.supportedValuesOf('currency'));

/** True for a code of ISO 4217 in capital letters. */
export function isCurrency(code: string): boolean {
  return KNOWN.has(code);
}

type Form = { digits: number; format: Intl.NumberFormat };
const forms = new Map<string, Form>();

/** `$1,168.00` of 116800 and USD; `¥168` of 168 and JPY, which has no cents. */
export function moneyText(cents: number, currency: string): string {
  const { digits, format } = formOf(currency);
  // As a decimal text, which is formatted exactly however large it is.
  return format.format(decimalText(cents, digits) as `${number}`);
}

/** The amount in whole units: 168 of 16800 and USD. Where a number of that size has no room for its cents they are rounded. */
export function amountOf(cents: number, currency: string): number {
  return Number(decimalText(cents, formOf(currency).digits));
}

function formOf(currency: string): Form {
  const known = forms.get(currency);
  if (known) return known;
  const format = new Intl.NumberFormat('en-US', { style: 'currency', currency });
  const made = { format, digits: format.resolvedOptions().maximumFractionDigits ?? 2 };
  forms.set(currency, made);
  return made;
}

function decimalText(cents: number, digits: number): string {
  const figures = String(Math.abs(cents)).padStart(digits + 1, '0');
  const sign = cents < 0 ? '-' : '';
  return digits ? `${sign}${figures.slice(0, -digits)}.${figures.slice(-digits)}` : `${sign}${figures}`;
}
