"""Mail, text messages, files, pictures and documents: adapters behind ports, no use cases."""
