package dev.drawbridge.playbook;

/**
 * Something wrong in a playbook, for the person who wrote it.
 *
 * @param line counted from 1; 0 when it concerns the file as a whole
 * @param field dotted name of the place; empty for the document itself
 */
public record PlaybookProblem(String file, int line, String field, String message) {
    /** {@code file:line: field: message}, the form that editors jump to. */
    @Override
    public String toString() {
        return file + ":" + (line > 0 ? line + ":" : "") + " " + (field.isEmpty() ? "" : field + ": ") + message;
    }
}
