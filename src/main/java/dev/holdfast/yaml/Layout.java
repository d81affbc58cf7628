package dev.holdfast.yaml;

/**
 * How block style is laid out.
 *
 * @param mappingStep columns by which a mapping is indented below its key
 * @param sequenceStep columns by which the dashes of a sequence are indented below its key
 * @param lineBreak what ends a line
 * @param keepsLastBlankLines whether {@code |+} may be used: only if nothing stands below
 */
record Layout(int mappingStep, int sequenceStep, String lineBreak, boolean keepsLastBlankLines) {}
