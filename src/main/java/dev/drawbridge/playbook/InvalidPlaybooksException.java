package dev.drawbridge.playbook;

import java.util.List;

/** Playbooks that cannot be used; stops the start. Every problem stands on a line of its own with file and line. */
public class InvalidPlaybooksException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient List<PlaybookProblem> problems;

    InvalidPlaybooksException(List<PlaybookProblem> problems) {
        super("The playbooks cannot be used:"
                + String.join(
                        "", problems.stream().map(problem -> "\n  " + problem).toList()));
        this.problems = List.copyOf(problems);
    }

    public List<PlaybookProblem> problems() {
        return problems;
    }
}
