/** Where a number stands after its minus, and before its first byte. */
export const afterSign = 0;
const afterZero = 1;
const inInteger = 2;
const afterPoint = 3;
const inFraction = 4;
const afterExponent = 5;
const afterExponentSign = 6;
const inExponent = 7;

/** 0 to 9. */
export function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** The next state of a number's grammar (RFC 8259, 6), or -1 where the byte is not part of it. */
export function numberStep(state: number, byte: number): number {
  const digit = isDigit(byte);
  const exponent = byte === 0x65 || byte === 0x45;
  switch (state) {
    case afterSign:
      if (!digit) return -1;
      return byte === 0x30 ? afterZero : inInteger;
    case afterZero:
    case inInteger:
      if (digit && state === inInteger) return inInteger;
      if (byte === 0x2e) return afterPoint;
      return exponent ? afterExponent : -1;
    case afterPoint:
    case inFraction:
      if (digit) return inFraction;
      return exponent && state === inFraction ? afterExponent : -1;
    case afterExponent:
      if (byte === 0x2b || byte === 0x2d) return afterExponentSign;
      return digit ? inExponent : -1;
    default:
      return digit ? inExponent : -1;
  }
}

/** True where a number may end. */
export function isCompleteNumber(state: number): boolean {
  return state === afterZero || state === inInteger || state === inFraction || state === inExponent;
}
