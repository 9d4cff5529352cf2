import { expect, test } from 'vitest';
import { bareId, flowDocId, monthOfUuidV7, versionDocId } from '../../schema/index.ts';

test('the month of a UUID v7 is that of its first 48 bits', () => {
  // The example of RFC 9562, appendix A.6.
  expect(monthOfUuidV7('017f22e2-79b0-7cc3-98c4-dc0c0c07398f')).toBe('2022-02');
  expect(monthOfUuidV7('00000000-0000-7000-8000-000000000000')).toBe('1970-01');
});

test.each(['', 'x', '017f22e2-79b0-4cc3-98c4-dc0c0c07398f', 'ffffffff-ffff-7fff-bfff-ffffffffffff'])(
  '%s tells no month',
  (id) => {
    expect(monthOfUuidV7(id)).toBeNull();
  },
);

test('a bare id is what follows the type', () => {
  expect(bareId(flowDocId('abc'))).toBe('abc');
  expect(bareId(versionDocId('abc', 'def'))).toBe('abc:def');
});
