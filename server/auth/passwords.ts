import { hash, verify } from '@node-rs/argon2';

/** The cost of argon2id. */
export interface PasswordCost {
  /** KiB */
  memoryCost: number;
  timeCost: number;
}

/** OWASP Password Storage Cheat Sheet: argon2id with 19 MiB, 2 passes, 1 lane. */
const recommendedCost: PasswordCost = { memoryCost: 19_456, timeCost: 2 };

export interface Passwords {
  hash(password: string): Promise<string>;
  /** Takes as long for an account that does not exist (null) as for a wrong password. */
  verify(passwordHash: string | null, password: string): Promise<boolean>;
}

/** Hashes with argon2id; a cheaper cost is for tests only. */
export async function createPasswords(cost: PasswordCost = recommendedCost): Promise<Passwords> {
  // argon2id is the library's default algorithm; its enum cannot be imported under isolatedModules.
  const options = { ...cost, parallelism: 1 };
  const nobody = await hash('the password of nobody', options);
  return {
    hash: (password) => hash(password, options),
    async verify(passwordHash, password) {
      const matches = await verify(passwordHash ?? nobody, password);
      return passwordHash !== null && matches;
    },
  };
}
