# Texts of channel messages.
