/** Numbers as the page writes them: three digits at most, a real minus sign, thin spaces before units. */

/** A part of the whole, from 0 to 1, such as "12 %" or "<0.1 %". */
export function percent(part: number): string {
  const value = 100 * part;
  if (value > 0 && value < 0.1) return "<0.1\u00a0%";
  if (value >= 99.95) return "100\u00a0%";
  return `${value === 0 ? 0 : value < 9.95 ? value.toFixed(1) : value.toFixed(0)}\u00a0%`;
}

/** A number in three digits, without a needless exponent. */
export function plain(value: number): string {
  if (!Number.isFinite(value)) return value === Infinity ? "∞" : "–";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e5)) return scientific(Math.log(size), value < 0);
  const text = size >= 999.5 ? value.toFixed(0) : Number(value.toPrecision(3)).toString();
  return text.replace("-", "−");
}

const superscripts = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/**
 * A positive number by its natural logarithm, such as "3.4 × 10⁻¹²": numbers too small for a float, too.
 *
 * @param negative Whether a minus stands before it.
 */
export function scientific(logValue: number, negative = false): string {
  if (logValue === -Infinity) return "0";
  let exponent = Math.floor(logValue / Math.LN10);
  let mantissa = (Math.exp(logValue - exponent * Math.LN10)).toFixed(1);
  if (mantissa === "10.0") [mantissa, exponent] = ["1.0", exponent + 1];
  if (exponent >= -2 && exponent <= 3) {
    return plain((negative ? -1 : 1) * Math.exp(logValue));
  }
  const sign = negative ? "−" : "";
  const power = String(Math.abs(exponent)).replace(/\d/g, (digit) => superscripts[Number(digit)]!);
  return `${sign}${mantissa}\u00a0×\u00a010${exponent < 0 ? "⁻" : ""}${power}`;
}

/** A count that need not be whole, such as the effective number of patches. */
export function count(value: number): string {
  return value < 9.95 ? value.toFixed(1) : Math.round(value).toLocaleString("en-US");
}
