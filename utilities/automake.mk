# Programs for people.
