import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    environment: 'jsdom',
    include: ['src/**/__tests__/**/*.spec.ts'],
    // On a machine that is busy with other things a test takes many times as long.
    testTimeout: 60_000
  }
});
