# Texts of commands and their answers.
