import type { DeviceInfo } from '../../schema/index.ts';

const systems: [RegExp, string][] = [
  [/iPhone|iPad|iPod/, 'iOS'],
  [/Android/, 'Android'],
  [/Windows/, 'Windows'],
  [/Mac OS X|Macintosh/, 'macOS'],
  [/CrOS/, 'ChromeOS'],
  [/Linux/, 'Linux'],
];

const browsers: [RegExp, string][] = [
  [/Edg\//, 'Edge'],
  [/OPR\//, 'Opera'],
  [/Firefox\//, 'Firefox'],
  [/Chrome\/|CriOS\//, 'Chrome'],
  [/Safari\//, 'Safari'],
];

function firstMatch(table: [RegExp, string][], text: string): string | undefined {
  return table.find(([pattern]) => pattern.test(text))?.[1];
}

function deviceType(agent: string): DeviceInfo['deviceType'] {
  if (/iPad|Tablet/.test(agent) || (/Android/.test(agent) && !/Mobile/.test(agent))) return 'tablet';
  return /Mobi|iPhone|iPod/.test(agent) ? 'mobile' : 'desktop';
}

/** What can be told about the browser and machine without asking for anything. */
export function describeDevice(timestamp: string): DeviceInfo {
  const agent = typeof navigator === 'undefined' ? '' : (navigator.userAgent ?? '');
  const language = typeof navigator === 'undefined' ? undefined : navigator.language;
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  return {
    deviceType: deviceType(agent),
    os: firstMatch(systems, agent) ?? 'unknown',
    browser: firstMatch(browsers, agent) ?? 'unknown',
    ...(typeof screen === 'undefined' ? {} : { screenResolution: `${screen.width}x${screen.height}` }),
    ...(timeZone ? { timezone: timeZone } : {}),
    ...(language ? { language } : {}),
    timestamp,
  };
}

/** `Firefox on Linux`. */
export function defaultDeviceName(info: DeviceInfo): string {
  return info.browser === 'unknown' ? `Browser on ${info.os}` : `${info.browser} on ${info.os}`;
}
