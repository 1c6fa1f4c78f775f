/** The names of the full-screen client's icons. */
export const iconSets = ["nerd", "unicode", "ascii"] as const;

export type IconSet = (typeof iconSets)[number];
