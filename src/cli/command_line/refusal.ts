/**
 * A refusal of words on the command line. Its message is a sentence for the person who typed them.
 */
export class Refusal extends Error {}
