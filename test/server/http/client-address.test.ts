import { expect, it } from 'vitest';
import { clientAddress } from '../../../server/http/client-address.ts';

it('takes an IPv4 address for a client, and a /64 of IPv6', () => {
  expect(clientAddress('192.0.2.1')).toBe('192.0.2.1');
  expect(clientAddress('::ffff:192.0.2.1')).toBe('192.0.2.1');
  expect(clientAddress('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2::/64');
  expect(clientAddress('2001:db8:1:2::6')).toBe('2001:db8:1:2::/64');
  expect(clientAddress('2001:db8::6')).toBe('2001:db8:0:0::/64');
  expect(clientAddress('::1')).toBe('0:0:0:0::/64');
  expect(clientAddress('fe80::1%eth0')).toBe('fe80:0:0:0::/64');
  expect(clientAddress(undefined)).toBe('unknown');
});
