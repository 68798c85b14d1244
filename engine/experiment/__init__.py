"""What a preset says, validated; members, changes by key, problems. No file is read here."""
