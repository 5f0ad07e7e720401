package dev.drawbridge.console;

/** A page that another package contributes; a bean of this type puts a link to it into the console's navigation. */
public interface ConsoleExtension {
    /** The word in the navigation. */
    String title();

    /** Where it leads, from the root of the application: {@code /sandbox}. */
    String path();
}
