// Prints the closing line from vitest's JSON report; a run that executed nothing is a failure.
import { readFileSync } from 'node:fs';

const report = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const tests = report.testResults.flatMap((file) => file.assertionResults);
for (const test of tests) {
  if (test.status !== 'passed' || test.failureMessages.length === 0) continue;
  console.log(`passed at the second try: ${test.fullName}\n  ${test.failureMessages[0].split('\n')[0]}`);
}
const suitesThatDidNotLoad = report.testResults.filter(
  (file) => file.status === 'failed' && file.assertionResults.length === 0,
).length;
const failed = report.numFailedTests + suitesThatDidNotLoad;
const skipped = report.numPendingTests + (report.numTodoTests ?? 0);
console.log(`${report.numPassedTests} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exit(failed > 0 || report.numPassedTests === 0 ? 1 : 0);
