import { describe, expect, it } from 'vitest';
import { findRoute, proxyRoutes, roleSuffices } from '../../../server/proxy/route-table.ts';

describe('the table of routes', () => {
  it('is this, and a change of it is meant', () => {
    expect(proxyRoutes.map(({ method, path, role, scope }) => `${method} ${path} ${role} ${scope}`)).toEqual([
      'GET /:db viewer read',
      'HEAD /:db viewer read',
      'PUT /:db viewer read',
      'GET /:db/_changes viewer read',
      'POST /:db/_changes viewer read',
      'POST /:db/_revs_diff viewer read',
      'POST /:db/_bulk_get viewer read',
      'POST /:db/_bulk_docs viewer write',
      'GET /:db/_all_docs viewer read',
      'POST /:db/_all_docs viewer read',
      'GET /:db/_bootstrap viewer read',
      'GET /:db/_local/:checkpoint viewer read',
      'PUT /:db/_local/:checkpoint viewer read',
      'GET /:db/:doc viewer read',
      'HEAD /:db/:doc viewer read',
      'PUT /:db/:doc editor write',
      'DELETE /:db/:doc editor write',
      'GET /:db/:doc/:attachment viewer read',
      'PUT /:db/:doc/:attachment editor write',
      'DELETE /:db/:doc/:attachment editor write',
    ]);
  });

  it('answers a wrong method with those that are allowed', () => {
    expect(() => findRoute('DELETE', '/:db')).toThrow(
      expect.objectContaining({ status: 405, headers: { allow: 'GET,HEAD,PUT' } }),
    );
    expect(() => findRoute('DELETE', '/:db/_local/:checkpoint')).toThrow(
      expect.objectContaining({ status: 405 }),
    );
    expect(() => findRoute('POST', '/:db')).toThrow(expect.objectContaining({ status: 405 }));
  });

  it('ranks owner over editor over viewer', () => {
    expect(roleSuffices('owner', 'editor')).toBe(true);
    expect(roleSuffices('editor', 'editor')).toBe(true);
    expect(roleSuffices('viewer', 'editor')).toBe(false);
  });
});
