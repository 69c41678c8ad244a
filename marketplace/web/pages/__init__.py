"""The pages for people: home, guides, operations, events, problem codes; each with its Markdown twin."""
